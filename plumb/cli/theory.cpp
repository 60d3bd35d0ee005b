// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <optional>

#include "plumb/cli/command.h"
#include "plumb/cli/outputs.h"
#include "plumb/cli/theory_output.h"
#include "plumb/cli/tty.h"
#include "plumb/core/error.h"
#include "plumb/nn/init.h"
#include "plumb/theory/batch_norm.h"
#include "plumb/theory/critical.h"
#include "plumb/theory/finite_width.h"
#include "plumb/theory/mean_field.h"
#include "plumb/theory/phase_diagram.h"
#include "plumb/theory/residual.h"

namespace plumb::cli {

namespace {

constexpr const char* kFooter =
    R"(Standard deviations, not variances: W_ij has weight_std^2 / fan_in, as in z = W f(z) + b. The mean field is
the limit of infinite width at initialisation; docs/theory.md says what follows from it and what does not.

Examples:
  plumb theory --activation tanh --weight-std 1.5 --bias-std 0.05
  plumb theory --activation "leaky_relu 0.2" --init he_normal
  plumb theory --activation sigmoid --init pytorch --bias-init pytorch --width 256
  plumb theory --activation gelu --bias-std 0.2 --diagram
  plumb theory --activation tanh --diagram --json
  plumb theory --activation tanh --init glorot_normal --svg tanh.svg
  plumb theory --activation relu --init he_normal --depth 100 --width 64
  plumb theory --activation relu --batch-norm
  plumb theory --gate-bias 1

Without a weight scale only the critical gains are told.)";

struct Options {
  std::string activation;
  std::optional<double> weight_std;
  std::optional<double> bias_std;
  std::string init;
  std::string bias_init;
  double gain = 1;
  std::int64_t width = 256;
  double start = 1;
  bool diagram = false;
  std::string svg;
  CLI::Option* svg_option = nullptr;
  std::optional<double> weight_max;
  double bias_max = 1;
  std::optional<int> depth;
  bool batch_norm = false;
  std::optional<double> gate_bias;
  bool json = false;
};

/// sqrt(fan_in * variance), and for a bias without the fan_in.
double std_of(const char* what, const std::string& text, double gain, std::int64_t width,
              bool times_fan_in) {
  const double variance = init_variance(parse_init(text, gain), width, width);
  if (std::isnan(variance)) {
    throw SpecError(
        fmt::format("{} '{}' is not random, expected a random initialiser", what, text));
  }
  return std::sqrt(variance * static_cast<double>(times_fan_in ? width : 1));
}

std::optional<double> weight_std_of(const Options& options) {
  if (options.init.empty()) return options.weight_std;
  return std_of("--init", options.init, options.gain, options.width, true);
}

double bias_std_of(const Options& options) {
  if (options.bias_init.empty()) return options.bias_std.value_or(0);
  return std_of("--bias-init", options.bias_init, 1, options.width, false);
}

DepthAnswer at_depth(const Options& options, const theory::ActivationFunction& activation,
                     const theory::InitScale& scale) {
  DepthAnswer answer;
  answer.depth = *options.depth;
  answer.width = options.width;
  double q = options.start;
  double log_mean = 0, log_typical = 0;  // of the square
  for (int layer = 0; layer < answer.depth; ++layer) {
    const theory::Moments m = theory::moments(activation, q);
    const theory::LengthStep step = theory::length_step(m, scale);
    log_mean += std::log(step.chi1);
    const bool is_relu = activation.name == "relu";
    log_typical += std::log(step.chi1) + (is_relu ? theory::relu_log_factor(options.width)
                                                  : theory::log_factor(m, options.width))
                                             .mean;
    q = step.next;
  }
  answer.length = q;
  constexpr double kOfNorm = std::numbers::log10e / 2;
  answer.log10_mean = kOfNorm * log_mean;
  answer.log10_typical = kOfNorm * log_typical;
  const auto residual = theory::iterate_residual(activation, scale, options.start, answer.depth);
  answer.residual_length = residual.length.back();
  answer.log10_residual = kOfNorm * residual.log_growth.back();
  return answer;
}

void answer_for_activation(const Options& options, TheoryAnswer& answer) {
  const theory::MomentGrid grid(theory::make_activation(options.activation));
  answer.activation = options.activation;
  answer.start = options.start;
  answer.scale.bias_std = bias_std_of(options);
  answer.critical = theory::critical_points(grid, answer.scale.bias_std);
  if (const auto weight_std = weight_std_of(options)) {
    answer.scale.weight_std = *weight_std;
    answer.chain = theory::analyse(grid, answer.scale, options.start);
    answer.fixed_points = theory::fixed_points(grid, answer.scale);
    if (options.depth) answer.depth = at_depth(options, grid.activation(), answer.scale);
  } else if (options.depth) {
    throw CLI::RequiredError("--depth: --weight-std or --init");
  }
  if (options.batch_norm) {
    answer.batch_norm = std::sqrt(theory::batch_norm_growth(grid.activation()));
  }
  if (options.diagram || !options.svg.empty()) {
    theory::DiagramRange range;
    range.bias_max = options.bias_max;
    range.weight_max =
        options.weight_max.value_or(theory::default_weight_max(grid, options.bias_max));
    if (!options.svg.empty()) {
      range.columns = 81;
      range.rows = 41;
    } else if (!options.json) {
      range.columns = std::clamp(terminal_options().width - 16, 16, 80);
    }
    answer.diagram = theory::phase_diagram(grid, range, options.start);
  }
}

int run_theory(const Options& options) {
  if (options.activation.empty() && !options.gate_bias) {
    throw CLI::RequiredError("--activation or --gate-bias");
  }
  if (options.svg_option->count() > 0) {
    Outputs files;
    files.writes("--svg", options.svg, true);
    files.check();
  }
  TheoryAnswer answer;
  if (!options.activation.empty()) answer_for_activation(options, answer);
  answer.gate_bias = options.gate_bias;
  if (!options.svg.empty()) {
    if (!answer.diagram) throw CLI::RequiredError("--svg: --activation");
    write_text(options.svg, theory_svg(answer));
    if (options.svg == "-") return kOk;
    if (!options.json) answer.diagram.reset();  // it has more columns than a terminal
  }
  const TerminalOptions terminal = terminal_options();
  fmt::print("{}", options.json ? theory_json(answer)
                                : theory_text(answer, terminal.unicode, terminal.width));
  return kOk;
}

}  // namespace

void add_theory(CLI::App& app, int& result) {
  auto* command = app.add_subcommand(
      "theory", "What mean-field theory predicts: depth scales, phase, critical gain");
  auto options = std::make_shared<Options>();
  command->add_option("-a,--activation", options->activation, "as in the network language")
      ->type_name("NAME");
  auto* weight = command->add_option("--weight-std", options->weight_std,
                                     "standard deviation of a weight times sqrt(fan_in)");
  auto* bias = command->add_option("--bias-std", options->bias_std,
                                   "standard deviation of a bias (default 0)");
  command->add_option("--init", options->init, "the weight scale as an initialiser")
      ->type_name("SCHEME")
      ->excludes(weight);
  command->add_option("--bias-init", options->bias_init, "the bias scale as an initialiser")
      ->type_name("SCHEME")
      ->excludes(bias);
  command->add_option("--gain", options->gain, "factor of --init")->capture_default_str();
  command->add_option("--width", options->width, "units of a layer, for --init and --bias-init")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--start", options->start, "length (mean square) that the chain starts from")
      ->capture_default_str();
  command->add_option("--depth", options->depth, "layers: what is left over this depth and --width")
      ->check(CLI::Range(1, 100000));
  command->add_flag("--batch-norm", options->batch_norm,
                    "the growth with batch normalisation before each activation");
  command->add_option("--gate-bias", options->gate_bias,
                      "memory of a gate (LSTM forget, highway carry) with this bias");
  auto* diagram = command->add_flag("--diagram", options->diagram, "draw the phase diagram");
  options->svg_option =
      command->add_option("--svg", options->svg, "write the phase diagram as a picture")
          ->type_name("FILE")
          ->excludes(diagram);
  command->add_option("--weight-max", options->weight_max, "right end of the diagram");
  command->add_option("--bias-max", options->bias_max, "upper end of the diagram")
      ->capture_default_str();
  command->add_flag("--json", options->json, "print JSON");
  command->footer(kFooter);
  command->callback([options, &result] { result = run_theory(*options); });
}

}  // namespace plumb::cli
