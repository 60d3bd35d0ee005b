// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "plumb/cli/theory_output.h"
#include "plumb/core/json_number.h"
#include "plumb/theory/gate.h"

namespace plumb::cli {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return json_measurement<Json>(value); }

Json to_json(const theory::FixedPoint& point) {
  return {{"q", number(point.q)},
          {"chi1", number(point.chi1)},
          {"slope", number(point.slope)},
          {"stable", point.stable}};
}

Json to_json(const theory::CriticalPoint& point) {
  return {{"weight_std", number(point.scale.weight_std)},
          {"bias_std", number(point.scale.bias_std)},
          {"q", number(point.q)},
          {"slope", number(point.slope)},
          {"stable", point.stable}};
}

Json to_json(const std::vector<theory::CriticalPoint>& points) {
  Json list = Json::array();
  for (const auto& point : points) list.push_back(to_json(point));
  return list;
}

Json to_json(const theory::PhaseDiagram& diagram) {
  Json rows = Json::array();
  for (const auto& row : diagram.log_chi1) {
    Json& values = rows.emplace_back(Json::array());
    for (const double value : row) values.push_back(number(value));
  }
  return {{"weight_std", diagram.weight_std},
          {"bias_std", diagram.bias_std},
          {"log_chi1", rows},
          {"critical_line", to_json(diagram.line)}};
}

Json to_json(const DepthAnswer& answer) {
  return {{"depth", answer.depth},
          {"width", answer.width},
          {"length", number(answer.length)},
          {"log10_gradient_mean", number(answer.log10_mean)},
          {"log10_gradient_typical", number(answer.log10_typical)},
          {"residual_length", number(answer.residual_length)},
          {"log10_residual_gradient", number(answer.log10_residual)}};
}

}  // namespace

std::string theory_json(const TheoryAnswer& answer) {
  Json result = Json::object();
  if (!answer.activation.empty()) {
    result["activation"] = answer.activation;
    result["bias_std"] = answer.scale.bias_std;
    result["critical"] = to_json(answer.critical);
  }
  if (answer.chain) {
    const theory::MeanField& chain = *answer.chain;
    Json points = Json::array();
    for (const auto& point : answer.fixed_points) points.push_back(to_json(point));
    result["weight_std"] = answer.scale.weight_std;
    result["start"] = answer.start;
    result["q_star"] = number(chain.reached.q);
    result["chi1"] = number(chain.reached.chi1);
    result["slope"] = number(chain.reached.slope);
    result["stable"] = chain.reached.stable;
    result["c_star"] = number(chain.c_star);
    result["one_minus_c_star"] = number(chain.one_minus_c_star);
    result["xi_q"] = number(chain.xi_q);
    result["xi_c"] = number(chain.xi_c);
    result["xi_grad"] = number(chain.xi_grad);
    result["phase"] = theory::to_string(chain.phase);
    result["trainable_depth"] = number(chain.trainable_depth);
    result["trainable_depth_is_bound"] = chain.trainable_depth_is_bound;
    result["fixed_points"] = points;
  }
  if (answer.depth) result["at_depth"] = to_json(*answer.depth);
  if (answer.batch_norm) result["batch_norm_growth"] = number(*answer.batch_norm);
  if (answer.gate_bias) {
    const double keep = theory::gate_value(*answer.gate_bias);
    result["gate"] = {{"bias", number(*answer.gate_bias)},
                      {"keep", number(keep)},
                      {"half_life", number(theory::half_life(keep))}};
  }
  if (answer.diagram) result["diagram"] = to_json(*answer.diagram);
  return result.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace plumb::cli
