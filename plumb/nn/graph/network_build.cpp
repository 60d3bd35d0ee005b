// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>

#include "plumb/core/error.h"
#include "plumb/core/memory.h"
#include "plumb/nn/graph/fixup.h"
#include "plumb/nn/graph/layer_table.h"
#include "plumb/nn/graph/network.h"
#include "plumb/nn/layers/pad_shortcut.h"
#include "plumb/nn/spec/presets.h"

namespace plumb {

namespace {

/// The start of a highway's gate: T = 0.12, so that most of x is carried on. Srivastava, Greff,
/// Schmidhuber 2015, section 2.2, trained 50 layers with -2.
constexpr double kGateBias = -2;

/// Shapes are checked with a batch of one when the Network is built; plan() repeats them with the real one.
Shape with_batch_axis(const Shape& row) {
  std::vector<std::int64_t> extents{1};
  extents.insert(extents.end(), row.extents().begin(), row.extents().end());
  return Shape(std::span<const std::int64_t>(extents));
}

void set_all(Param& param, double value) {
  dispatch(param.value.dtype(), [&]<class T>(T) {
    for (T& element : param.value.as<T>()) element = static_cast<T>(value);
  });
}

[[noreturn]] void refuse(const Node& node, const std::string& problem) {
  throw ShapeError("path " + node.path + " (" + node.text + "): " + problem);
}

}  // namespace

namespace {
void number(Node& node, std::int32_t& id) {
  for (Node& inside : node.branch) number(inside, id);
  for (Node& inside : node.shortcut) number(inside, id);
  if (node.gate) number(*node.gate, id);
  node.id = ++id;
}
}  // namespace

Network::Network(const Spec& spec, const Shape& x_row, const NetworkOptions& options)
    : options_(options), x_row_(x_row) {
  Shape x = with_batch_axis(x_row);
  int depth = 0;
  const Spec written = write_out_presets(spec);
  nodes_ = build_chain(written.text, expand(written), x, "", depth);
  y_row_ = x.row_shape();
  if (options_.weight_init.name == kFixup) fixup_ = fixup_factors(nodes_);
  for (Node& node : nodes_) collect_params(node);
  std::int32_t id = 0;
  for (Node& node : nodes_) number(node, id);
}

namespace {

struct Size {
  double parameters = 0;
  double bytes = 0;
};

Size size_of(const Node& node) {
  Size size;
  for (const Param& param : node.params()) {
    size.parameters += static_cast<double>(param.value.size());
    // Its gradient is there too.
    size.bytes += 2 * static_cast<double>(param.value.size() * size_bytes(param.value.dtype()));
  }
  return size;
}

/// Refuses a chain of which so many layers cannot be there, as soon as the first of them is.
void require_memory_for(const Node& node, const std::vector<SpecItem>& items, std::size_t next) {
  const Size one = size_of(node);
  constexpr double kWorthCounting = 128e6;
  if (one.bytes * static_cast<double>(items.size() - next + 1) < kWorthCounting) return;
  // Of layers that are written alike the second is as large as the ones behind it.
  constexpr std::size_t kBack = 16;
  const std::size_t here = next - 1;
  bool is_second = false;
  for (std::size_t i = here - std::min(here, kBack); i < here; ++i) {
    is_second = is_second || to_string(items[i]) == node.text;
  }
  if (!is_second) return;
  std::int64_t alike = 1;
  for (std::size_t i = next; i < items.size(); ++i) {
    if (to_string(items[i]) == node.text) ++alike;
  }
  const auto count = static_cast<double>(alike);
  require_memory("network: " + std::to_string(alike) + " x '" + node.text + "', " +
                     std::to_string(static_cast<std::int64_t>(count * one.parameters)) +
                     " parameters with their gradients,",
                 count * one.bytes);
}

}  // namespace

std::vector<Node> Network::build_chain(const std::string& text, const std::vector<SpecItem>& items,
                                       Shape& x, const std::string& parent, int& depth) {
  std::vector<Node> nodes;
  nodes.reserve(items.size());
  for (const SpecItem& item : items) {
    const std::string number = std::to_string(nodes.size());
    std::string path = parent;
    if (!path.empty()) path += '.';
    path += number;
    if (item.kind == SpecItem::Kind::residual) {
      nodes.push_back(build_residual(text, item, x, path, parent, depth));
      continue;
    }
    Node node;
    node.path = path;
    node.parent = parent;
    node.text = to_string(item);
    try {
      node.layer = make_layer(text, item, x, options_.dtype, options_.seed, path);
      x = node.layer->output_shape(x);
    } catch (const ShapeError& error) {
      refuse(node, error.what());
    } catch (const MemoryError& error) {
      throw MemoryError("path " + node.path + " (" + node.text + "): " + error.what());
    }
    if (node.layer->family() == LayerFamily::linear) ++depth;
    node.depth = depth;
    require_memory_for(node, items, nodes.size() + 1);
    nodes.push_back(std::move(node));
  }
  return nodes;
}

namespace {

/// What the options of a residual node say; read before its branch is built, so that a wrong option
/// is told first.
struct JoinOptions {
  double scale = 1;
  std::optional<double> alpha;  ///< the start of a learned scale
  bool project = false;
  bool normalise = false;  ///< the projection
  bool pad = false;
  std::optional<double> gate_bias;  ///< of a highway
};

JoinOptions read_highway_options(SpecArguments& arguments) {
  JoinOptions options;
  options.gate_bias = arguments.number("bias", kGateBias);
  arguments.done();
  return options;
}

JoinOptions read_residual_options(SpecArguments& arguments) {
  JoinOptions options;
  const bool has_scale = arguments.has("scale");
  const bool has_alpha = arguments.has("alpha");
  options.scale = arguments.number("scale", 1.0);
  const double alpha = arguments.number("alpha", 0.0);
  const bool rezero = arguments.boolean("rezero", false);
  const std::string project = arguments.flag_or_word("proj", {"bn"});
  options.project = !project.empty();
  options.normalise = project == "bn";
  options.pad = arguments.boolean("pad", false);
  arguments.done();
  if (int{has_scale} + int{has_alpha} + int{rezero} > 1) {
    arguments.fail("has more than one of scale, alpha and rezero, expected one of them");
  }
  if (options.project && options.pad) {
    arguments.fail("has both proj and pad, expected one of them");
  }
  if (has_alpha || rezero) options.alpha = alpha;
  return options;
}

}  // namespace

Node Network::build_residual(const std::string& text, const SpecItem& item, Shape& x,
                             const std::string& path, const std::string& parent, int& depth) {
  SpecArguments arguments(text, item);
  const JoinOptions join = item.name.text == "highway" ? read_highway_options(arguments)
                                                       : read_residual_options(arguments);
  Node node;
  node.path = path;
  node.parent = parent;
  node.text = to_string(item);
  node.scale = join.scale;
  if (join.alpha) {
    node.alpha.emplace_back("alpha", Shape{1}, options_.dtype, 0, 0);
    set_all(node.alpha.front(), *join.alpha);
  }

  Shape y = x;
  const int depth_before = depth;
  node.branch = build_chain(text, item.children, y, path, depth);
  if (join.project || join.gate_bias) depth = std::max(depth, depth_before + 1);
  node.depth = depth;
  if (join.project) {
    build_projection(node, x, y, join.normalise);
  } else if (join.pad && x != y) {
    build_padding(node, x, y);
  } else if (x != y) {
    refuse(node, "the branch turns " + x.row_shape().to_string() + " into " +
                     y.row_shape().to_string() + " a sample, expected the same shape" +
                     (join.gate_bias ? "" : " (or write 'res proj[...]' or 'res pad[...]')"));
  }
  if (join.gate_bias) {
    if (x.rank() != 2 && x.rank() != 4) {
      refuse(node, "x has shape " + x.row_shape().to_string() +
                       " a sample, expected [features] or [channels, height, width]");
    }
    const std::string units = std::to_string(y[1]);
    const std::string linear = x.rank() == 2 ? "dense " + units : "conv " + units + " 3x3";
    node.gate = std::make_unique<Node>(build_beside(linear, x, node, "gate"));
    node.gate_bias = *join.gate_bias;
  }
  x = y;
  return node;
}

void Network::build_projection(Node& node, const Shape& x, const Shape& y, bool normalise) {
  std::string linear;
  if (x.rank() == 2 && y.rank() == 2) {
    linear = "dense " + std::to_string(y[1]);
  } else if (y.rank() == 4 && (x.rank() == 4 || x.rank() == 3)) {
    const auto vertical = stride_between(x[x.rank() - 2], y[2]);
    const auto horizontal = stride_between(x[x.rank() - 1], y[3]);
    if (vertical && horizontal) {
      linear = "conv " + std::to_string(y[1]) + " 1x1";
      if (*vertical != 1 || *horizontal != 1) linear += " stride=" + std::to_string(*vertical);
      if (*vertical != *horizontal) linear += "x" + std::to_string(*horizontal);
    }
  }
  if (linear.empty()) {
    refuse(node, "proj cannot map " + x.row_shape().to_string() + " to " +
                     y.row_shape().to_string() +
                     " a sample, expected [features] on both sides, or images of a size that a "
                     "stride makes");
  }
  node.shortcut.push_back(build_beside(linear + " bias=false", x, node, "proj"));
  if (normalise) node.shortcut.push_back(build_beside("bn", y, node, "proj_bn"));
}

void Network::build_padding(Node& node, const Shape& x, const Shape& y) {
  Node pad;
  pad.path = node.path + ".pad";
  pad.parent = node.path;
  pad.text = "pad";
  pad.depth = node.depth;
  try {
    pad.layer = std::make_unique<PadShortcut>(x, y);
  } catch (const ShapeError& error) {
    refuse(node, error.what());
  }
  node.shortcut.push_back(std::move(pad));
}

Node Network::build_beside(const std::string& text, const Shape& x, const Node& block,
                           const std::string& name) {
  const Spec spec = parse_spec(text);
  Node node;
  node.path = block.path + "." + name;
  node.parent = block.path;
  node.text = text;
  node.depth = block.depth;
  node.layer =
      make_layer(spec.text, spec.items.front(), x, options_.dtype, options_.seed, node.path);
  return node;
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
  for (Node& child : node.branch) collect_params(child);
  for (Node& child : node.shortcut) collect_params(child);
  if (node.gate) {
    collect_params(*node.gate);
    set_all(node.gate->layer->params().back(), node.gate_bias);
  }
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
  if (!node.layer) return;
  for (Buffer& buffer : node.layer->buffers()) {
    buffers_.push_back(&buffer);
    buffer_names_.push_back(node.path + "." + buffer.name);
  }
}

}  // namespace plumb
