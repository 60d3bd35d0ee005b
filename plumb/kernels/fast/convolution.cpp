// SPDX-License-Identifier: Apache-2.0
// Builds with the 2.x and 3.x interfaces of oneDNN; where they differ, the make_...() functions say
// so.
#include "plumb/kernels/fast/convolution.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "plumb/kernels/fast/onednn_port-inl.h"

namespace plumb::fast {

namespace {

using Tag = Memory::format_tag;
using Dims = Memory::dims;

Memory::desc floats(const Dims& dims, Tag tag) { return {dims, Memory::data_type::f32, tag}; }

/// What the convolution is asked to do, beside its data.
struct Request {
  ConvolutionShape shape;
  Layout x_layout = Layout::row_major;
  Layout y_layout = Layout::row_major;
  bool bias = false;
  int threads = 1;
  friend bool operator==(const Request&, const Request&) = default;
};

Tag image_tag(Layout layout) {
  switch (layout) {
    case Layout::row_major: return Tag::nchw;
    case Layout::channels_8: return Tag::nChw8c;
    case Layout::channels_16: return Tag::nChw16c;
  }
  return Tag::nchw;
}

/// A tensor is in blocks because that is what convolutions want; row-major it is because it came
/// so, and oneDNN may prefer another order.
Tag wanted_tag(Layout layout) { return layout == Layout::row_major ? Tag::any : image_tag(layout); }

Dims x_dims(const ConvolutionShape& s) { return {s.batch, s.in, s.height, s.width}; }
Dims y_dims(const ConvolutionShape& s) { return {s.batch, s.out, s.y_height(), s.y_width()}; }
Dims weight_dims(const ConvolutionShape& s) {
  Dims dims{s.out, s.in_per_group(), s.window.vertical.size, s.window.horizontal.size};
  if (s.groups == 1) return dims;
  dims[0] = s.out_per_group();
  dims.insert(dims.begin(), s.groups);
  return dims;
}
Memory::desc plain_weight(const ConvolutionShape& s) {
  return floats(weight_dims(s), s.groups == 1 ? Tag::oihw : Tag::goihw);
}

/// The tensors of a primitive as oneDNN may choose them. The chunks of one batch share the weights,
/// so all but the first are told their order.
struct Descriptions {
  Descriptions(const Request& r, const std::optional<Memory::desc>& weight_order)
      : x(floats(x_dims(r.shape), wanted_tag(r.x_layout))),
        y(floats(y_dims(r.shape), wanted_tag(r.y_layout))),
        weight(weight_order.value_or(floats(weight_dims(r.shape), Tag::any))),
        bias(r.bias ? floats({r.shape.out}, Tag::x) : Memory::desc()),
        strides{r.shape.window.vertical.stride, r.shape.window.horizontal.stride},
        pads{r.shape.window.vertical.pad, r.shape.window.horizontal.pad} {
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  }
  Memory::desc x, y, weight, bias;
  Dims strides, pads;
  dnnl::primitive_attr attributes;
};

constexpr auto kDirect = dnnl::algorithm::convolution_direct;

using ForwardDescription = dnnl::convolution_forward::primitive_desc;
using VjpXDescription = dnnl::convolution_backward_data::primitive_desc;
using VjpParamsDescription = dnnl::convolution_backward_weights::primitive_desc;

ForwardDescription make_forward(const Descriptions& d) {
  constexpr auto kTraining = dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kTraining, kDirect, d.x,    d.weight,    d.bias,
          d.y,      d.strides, d.pads,  d.pads, d.attributes};
#else
  return {{kTraining, kDirect, d.x, d.weight, d.bias, d.y, d.strides, d.pads, d.pads},
          d.attributes,
          engine()};
#endif
}

VjpXDescription make_vjp_x(const Descriptions& d) {
  const auto hint = make_forward(d);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(), kDirect, d.x, d.weight, d.y, d.strides, d.pads, d.pads, hint, d.attributes};
#else
  return {{kDirect, d.x, d.weight, d.y, d.strides, d.pads, d.pads}, d.attributes, engine(), hint};
#endif
}

VjpParamsDescription make_vjp_params(const Descriptions& d) {
  const auto hint = make_forward(d);
#if DNNL_VERSION_MAJOR >= 3
  return {engine(),  kDirect, d.x,    d.weight, d.bias,      d.y,
          d.strides, d.pads,  d.pads, hint,     d.attributes};
#else
  return {{kDirect, d.x, d.weight, d.bias, d.y, d.strides, d.pads, d.pads},
          d.attributes,
          engine(),
          hint};
#endif
}

/// oneDNN has no fast implementation for every order of a tensor's values: where it falls back to
/// its reference, a thousand times slower, it may choose the orders itself, and the tensors are
/// reordered.
template <typename Make>
auto fastest(const Make& make, const Request& request,
             const std::optional<Memory::desc>& weight_order) {
  auto made = make(Descriptions(request, weight_order));
  if (!std::string_view(made.impl_info_str()).starts_with("ref")) return made;
  Request any_order = request;
  any_order.x_layout = any_order.y_layout = Layout::row_major;
  return make(Descriptions(any_order, weight_order));
}

/// The images [begin, end) of a batch: what one thread does.
struct Chunk {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

std::vector<Chunk> chunks_of(const Request& request) {
  const std::int64_t batch = request.shape.batch;
  const std::int64_t count = std::min<std::int64_t>(batch, request.threads);
  std::vector<Chunk> chunks;
  for (std::int64_t c = 0; c < count; ++c) {
    chunks.push_back({batch * c / count, batch * (c + 1) / count});
  }
  return chunks;
}

Request part(const Request& request, const Chunk& chunk) {
  Request result = request;
  result.shape.batch = chunk.end - chunk.begin;
  return result;
}

/// What every chunk of every kind of product has.
struct Work {
  Work(const Chunk& images, const dnnl::primitive& made, const Memory::desc& scratchpad)
      : chunk(images), primitive(made), scratch(scratchpad, engine()) {}
  Chunk chunk;
  dnnl::primitive primitive;
  Memory scratch;
  dnnl::stream stream{engine()};
};

template <class Works, class Body>
void run_chunks(Works& works, ThreadPool& pool, const Body& body) {
  pool.run(static_cast<std::int64_t>(works.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    const OneDnnCall call;
    for (std::int64_t c = begin; c < end; ++c) body(works[static_cast<std::size_t>(c)]);
  });
}

/// The object for this request, kept from the last time or made anew.
template <class Product>
Product& prepared(std::unique_ptr<Product>& kept, const Request& request) {
  if (!kept || !(kept->request() == request)) {
    kept.reset();  // first, so that the two are never there together
    kept = std::make_unique<Product>(request);
  }
  return *kept;
}

}  // namespace

class Convolution::Forward {
 public:
  explicit Forward(const Request& request) : request_(request) {
    const OneDnnCall call;  // oneDNN divides the work while preparing
    std::optional<Memory::desc> weight_order;
    for (const Chunk& chunk : chunks_of(request)) {
      const Request own = part(request, chunk);
      const ForwardDescription made = fastest(make_forward, own, weight_order);
      if (!weight_order) {
        weight_order = made.weights_desc();
        weight_ = Port(plain_weight(request.shape), *weight_order);
      }
      works_.push_back({Work(chunk, dnnl::convolution_forward(made), made.scratchpad_desc()),
                        Port(floats(x_dims(own.shape), image_tag(own.x_layout)), made.src_desc()),
                        Port(floats(y_dims(own.shape), image_tag(own.y_layout)), made.dst_desc())});
    }
    if (request.bias) bias_ = Memory(floats({request.shape.out}, Tag::x), engine(), nullptr);
  }
  const Request& request() const { return request_; }

  void run(const float* x, const float* weight, const float* bias, float* y, ThreadPool& pool) {
    {
      const OneDnnCall call;
      weight_.give(weight, works_.front().stream);
    }
    if (bias != nullptr) bias_.set_data_handle(const_cast<float*>(bias));
    run_chunks(works_, pool, [&](Images& work) {
      float* const to = y + work.chunk.begin * request_.shape.y_row();
      work.x.give(x + work.chunk.begin * request_.shape.x_row(), work.stream);
      work.y.offer(to);
      const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, work.x.get()},
                                           {DNNL_ARG_WEIGHTS, weight_.get()},
                                           {DNNL_ARG_DST, work.y.get()},
                                           {DNNL_ARG_SCRATCHPAD, work.scratch.get()},
                                           {DNNL_ARG_BIAS, bias_.get(true)}};
      execute(work.primitive, work.stream, std::span(arguments, bias != nullptr ? 5 : 4));
      work.y.collect(to, work.stream);
    });
  }

 private:
  struct Images : Work {
    Images(Work work, Port x_port, Port y_port)
        : Work(std::move(work)), x(std::move(x_port)), y(std::move(y_port)) {}
    Port x, y;
  };
  Request request_;
  Port weight_;
  Memory bias_;
  std::vector<Images> works_;
};

class Convolution::VjpX {
 public:
  explicit VjpX(const Request& request) : request_(request) {
    const OneDnnCall call;
    std::optional<Memory::desc> weight_order;
    for (const Chunk& chunk : chunks_of(request)) {
      const Request own = part(request, chunk);
      const VjpXDescription made = fastest(make_vjp_x, own, weight_order);
      if (!weight_order) {
        weight_order = made.weights_desc();
        weight_ = Port(plain_weight(request.shape), *weight_order);
      }
      works_.push_back(
          {Work(chunk, dnnl::convolution_backward_data(made), made.scratchpad_desc()),
           Port(floats(x_dims(own.shape), image_tag(own.x_layout)), made.diff_src_desc()),
           Port(floats(y_dims(own.shape), image_tag(own.y_layout)), made.diff_dst_desc())});
    }
  }
  const Request& request() const { return request_; }

  void run(const float* weight, const float* grad_y, float* grad_x, ThreadPool& pool) {
    {
      const OneDnnCall call;
      weight_.give(weight, works_.front().stream);
    }
    run_chunks(works_, pool, [&](Images& work) {
      float* const to = grad_x + work.chunk.begin * request_.shape.x_row();
      work.grad_y.give(grad_y + work.chunk.begin * request_.shape.y_row(), work.stream);
      work.grad_x.offer(to);
      const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_DIFF_SRC, work.grad_x.get()},
                                           {DNNL_ARG_WEIGHTS, weight_.get()},
                                           {DNNL_ARG_DIFF_DST, work.grad_y.get()},
                                           {DNNL_ARG_SCRATCHPAD, work.scratch.get()}};
      execute(work.primitive, work.stream, arguments);
      work.grad_x.collect(to, work.stream);
    });
  }

 private:
  struct Images : Work {
    Images(Work work, Port grad_x_port, Port grad_y_port)
        : Work(std::move(work)), grad_x(std::move(grad_x_port)), grad_y(std::move(grad_y_port)) {}
    Port grad_x, grad_y;
  };
  Request request_;
  Port weight_;
  std::vector<Images> works_;
};

class Convolution::VjpParams {
 public:
  explicit VjpParams(const Request& request) : request_(request) {
    const OneDnnCall call;
    std::optional<Memory::desc> weight_order;
    for (const Chunk& chunk : chunks_of(request)) {
      const Request own = part(request, chunk);
      const VjpParamsDescription made = fastest(make_vjp_params, own, weight_order);
      if (!weight_order) {
        weight_order = made.diff_weights_desc();
        const Memory::desc plain = plain_weight(request.shape);
        set_.emplace(*weight_order, plain, false);
        add_.emplace(*weight_order, plain, true);
      }
      works_.push_back(
          {Work(chunk, dnnl::convolution_backward_weights(made), made.scratchpad_desc()),
           Port(floats(x_dims(own.shape), image_tag(own.x_layout)), made.src_desc()),
           Port(floats(y_dims(own.shape), image_tag(own.y_layout)), made.diff_dst_desc()),
           *weight_order});
      if (request.bias) {
        works_.back().bias = Memory(floats({request.shape.out}, Tag::x), engine());
      }
    }
    weight_elements_ = static_cast<std::int64_t>(weight_order->get_size() / sizeof(float));
  }
  const Request& request() const { return request_; }

  void run(const float* x, const float* grad_y, bool accumulate_weight, float* grad_weight,
           bool accumulate_bias, float* grad_bias, ThreadPool& pool) {
    run_chunks(works_, pool, [&](Images& work) {
      work.x.give(x + work.chunk.begin * request_.shape.x_row(), work.stream);
      work.grad_y.give(grad_y + work.chunk.begin * request_.shape.y_row(), work.stream);
      const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, work.x.get()},
                                           {DNNL_ARG_DIFF_WEIGHTS, work.weight.get()},
                                           {DNNL_ARG_DIFF_DST, work.grad_y.get()},
                                           {DNNL_ARG_SCRATCHPAD, work.scratch.get()},
                                           {DNNL_ARG_DIFF_BIAS, work.bias.get(true)}};
      execute(work.primitive, work.stream, std::span(arguments, request_.bias ? 5 : 4));
    });
    for (std::size_t c = 1; c < works_.size(); ++c) {
      add(data(works_[c].weight), weight_elements_, data(works_[0].weight));
      if (request_.bias) add(data(works_[c].bias), request_.shape.out, data(works_[0].bias));
    }
    const OneDnnCall call;
    Reorder& into = accumulate_weight ? *add_ : *set_;
    into.run(data(works_[0].weight), grad_weight, works_[0].stream);
    if (!request_.bias) return;
    if (!accumulate_bias) std::fill_n(grad_bias, request_.shape.out, 0.0f);
    add(data(works_[0].bias), request_.shape.out, grad_bias);
  }

 private:
  struct Images : Work {
    Images(Work work, Port x_port, Port grad_y_port, const Memory::desc& weight_order)
        : Work(std::move(work)),
          x(std::move(x_port)),
          grad_y(std::move(grad_y_port)),
          weight(weight_order, engine()) {}
    Port x, grad_y;
    Memory weight, bias;
  };

  static float* data(const Memory& memory) { return static_cast<float*>(memory.get_data_handle()); }
  static void add(const float* from, std::int64_t count, float* to) {
    for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
  }

  Request request_;
  std::vector<Images> works_;
  std::optional<Reorder> set_, add_;
  std::int64_t weight_elements_ = 0;
};

Convolution::Convolution() = default;
Convolution::~Convolution() = default;
Convolution::Convolution(Convolution&&) noexcept = default;
Convolution& Convolution::operator=(Convolution&&) noexcept = default;

void Convolution::forward(const ConvolutionShape& shape, Layout x_layout, Layout y_layout,
                          const float* x, const float* weight, const float* bias, float* y,
                          ThreadPool& pool) {
  const Request request{shape, x_layout, y_layout, bias != nullptr, pool.thread_count()};
  prepared(forward_, request).run(x, weight, bias, y, pool);
}

void Convolution::vjp_x(const ConvolutionShape& shape, Layout x_layout, Layout y_layout,
                        const float* weight, const float* grad_y, float* grad_x, ThreadPool& pool) {
  const Request request{shape, x_layout, y_layout, false, pool.thread_count()};
  prepared(vjp_x_, request).run(weight, grad_y, grad_x, pool);
}

void Convolution::vjp_params(const ConvolutionShape& shape, Layout x_layout, Layout y_layout,
                             const float* x, const float* grad_y, bool accumulate_weight,
                             float* grad_weight, bool accumulate_bias, float* grad_bias,
                             ThreadPool& pool) {
  const Request request{shape, x_layout, y_layout, grad_bias != nullptr, pool.thread_count()};
  prepared(vjp_params_, request)
      .run(x, grad_y, accumulate_weight, grad_weight, accumulate_bias, grad_bias, pool);
}

Layout preferred_layout() {
  const auto isa = static_cast<unsigned>(dnnl_get_effective_cpu_isa());
  constexpr auto kAvx512 = static_cast<unsigned>(dnnl_cpu_isa_avx512_core);
  return (isa & kAvx512) == kAvx512 ? Layout::channels_16 : Layout::channels_8;
}

}  // namespace plumb::fast
