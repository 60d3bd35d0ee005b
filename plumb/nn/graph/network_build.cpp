// SPDX-License-Identifier: Apache-2.0
// A network at its start: nodes from the text, parameters from the initialisers.
#include "plumb/nn/graph/fixup.h"
#include "plumb/nn/graph/graph_builder.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/spec/presets.h"

namespace plumb {

namespace {

Shape with_batch_axis(const Shape& row) {
  std::vector<std::int64_t> extents{1};
  extents.insert(extents.end(), row.extents().begin(), row.extents().end());
  return Shape(std::span<const std::int64_t>(extents));
}

}  // namespace

Network::Network(const Spec& spec, const Shape& x_row, const NetworkOptions& options)
    : options_(options), x_row_(x_row) {
  require_free_names(options_.own_layers);
  Shape x = with_batch_axis(x_row);
  int depth = 0;
  const Spec written = write_out_presets(spec);
  nodes_ = GraphBuilder(written.text, options_).build_chain(expand(written), x, "", depth);
  y_row_ = x.row_shape();
  if (options_.weight_init.name == kFixup) fixup_ = fixup_factors(nodes_);
  std::int32_t id = 0;
  nodes_.visit([&](Node& node) {
    node.id = ++id;
    collect_params(node);
  });
}

InitScheme Network::weight_scheme(const std::string& path) const {
  if (options_.weight_init.name != kFixup) return options_.weight_init;
  const auto factor = fixup_.find(path);
  return {"he_normal", 0,
          options_.weight_init.gain * (factor == fixup_.end() ? 1.0 : factor->second)};
}

InitScheme Network::bias_scheme() const {
  return options_.weight_init.name == kFixup ? InitScheme{"zeros", 0, 1} : options_.bias_init;
}

void Network::collect_params(Node& node) {
  node.start_params();
  node.first_param = params_.size();
  for (Param& param : node.params()) {
    const std::string name = node.path + "." + param.name;
    // Only linear layers have weights to draw; a PReLU slope comes with its own start.
    if (node.family() == LayerFamily::linear) {
      const bool is_bias = param.value.shape().rank() < 2;
      initialise(param, is_bias ? bias_scheme() : weight_scheme(node.path),
                 Rng(options_.seed, "init/" + name));
    }
    params_.push_back(&param);
    param_names_.push_back(name);
    param_paths_.push_back(node.path);
  }
  for (Buffer& buffer : node.buffers()) {
    buffers_.push_back(&buffer);
    buffer_names_.push_back(node.path + "." + buffer.name);
  }
}

}  // namespace plumb
