// SPDX-License-Identifier: Apache-2.0
// Builds with the 2.x and 3.x interfaces of oneDNN; where they differ, make_product() says so.
#include "plumb/kernels/fast/gemm.h"

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "plumb/kernels/fast/linear.h"
#include "plumb/kernels/fast/narrow_gemm.h"
#include "plumb/kernels/fast/onednn-inl.h"
#include "plumb/kernels/fast/small_gemm.h"
#include "plumb/kernels/ref/rows.h"

namespace plumb::fast {

namespace {

char letter(Transpose transpose) { return transpose == Transpose::yes ? 'T' : 'N'; }

using Memory = dnnl::memory;

Memory::desc matrix(std::int64_t rows, std::int64_t columns, Memory::format_tag order) {
  return {{rows, columns}, Memory::data_type::f32, order};
}

dnnl::matmul::primitive_desc make_product(const dnnl::engine& engine, std::int64_t rows,
                                          std::int64_t out, std::int64_t in, bool bias) {
  const auto x = matrix(rows, in, Memory::format_tag::ab);
  const auto weight = matrix(in, out, Memory::format_tag::ba);  // stored as [out, in]
  const auto y = matrix(rows, out, Memory::format_tag::ab);
  const auto row = matrix(1, out, Memory::format_tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
#if DNNL_VERSION_MAJOR >= 3
  return bias ? dnnl::matmul::primitive_desc(engine, x, weight, row, y, attributes)
              : dnnl::matmul::primitive_desc(engine, x, weight, y, attributes);
#else
  const auto description =
      bias ? dnnl::matmul::desc(x, weight, row, y) : dnnl::matmul::desc(x, weight, y);
  return {description, attributes, engine};
#endif
}

/// Kept by each thread; a training has a few for each width that its network has.
constexpr std::size_t kMostProducts = 64;

constexpr std::align_val_t kScratchAlignment{64};
struct AlignedDelete {
  void operator()(std::byte* memory) const { ::operator delete[](memory, kScratchAlignment); }
};

/// One prepared product x weight^T (+ bias) of a shape.
class Product {
 public:
  Product(std::int64_t rows, std::int64_t out, std::int64_t in, bool bias)
      : rows_(rows), out_(out), in_(in), bias_(bias) {
    const auto description = make_product(engine_, rows, out, in, bias);
    primitive_ = dnnl::matmul(description);
    scratch_ = Memory(description.scratchpad_desc(), engine_, nullptr);
    scratch_bytes_ = description.scratchpad_desc().get_size();
    x_ = Memory(description.src_desc(), engine_, nullptr);
    weight_ = Memory(description.weights_desc(), engine_, nullptr);
    y_ = Memory(description.dst_desc(), engine_, nullptr);
    if (bias) row_ = Memory(matrix(1, out, Memory::format_tag::ab), engine_, nullptr);
  }

  bool is_for(std::int64_t rows, std::int64_t out, std::int64_t in, bool bias) const {
    return rows == rows_ && out == out_ && in == in_ && bias == bias_;
  }

  void run(const float* x, const float* weight, const float* bias, float* y) {
    // One for all products of a thread, as large as the largest wants: of a large weight it is a
    // copy.
    thread_local std::unique_ptr<std::byte[], AlignedDelete> scratch;
    thread_local std::size_t scratch_size = 0;
    if (scratch_size < scratch_bytes_) {
      scratch.reset();
      scratch.reset(new (kScratchAlignment) std::byte[scratch_bytes_]);
      scratch_size = scratch_bytes_;
    }
    scratch_.set_data_handle(scratch.get());
    // oneDNN's handles are not const; it only reads these.
    x_.set_data_handle(const_cast<float*>(x));
    weight_.set_data_handle(const_cast<float*>(weight));
    y_.set_data_handle(y);
    if (bias_) row_.set_data_handle(const_cast<float*>(bias));
    // The C call takes an array; the C++ one would build a map each time.
    const std::array<dnnl_exec_arg_t, 5> arguments{{{DNNL_ARG_SRC, x_.get()},
                                                    {DNNL_ARG_WEIGHTS, weight_.get()},
                                                    {DNNL_ARG_DST, y_.get()},
                                                    {DNNL_ARG_SCRATCHPAD, scratch_.get()},
                                                    {DNNL_ARG_BIAS, row_.get(true)}}};
    const dnnl_status_t status =
        dnnl_primitive_execute(primitive_.get(), stream_.get(), bias_ ? 5 : 4, arguments.data());
    if (status != dnnl_success) {
      throw std::runtime_error("linear: oneDNN returned status " + std::to_string(status) +
                               ", expected success");
    }
  }

 private:
  std::int64_t rows_, out_, in_;
  bool bias_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul primitive_;
  std::size_t scratch_bytes_ = 0;
  Memory scratch_, x_, weight_, y_, row_;
};

}  // namespace

void linear(std::int64_t rows, std::int64_t out, std::int64_t in, const float* x,
            const float* weight, const float* bias, float* y) {
  if (rows * out * in < kPreparedMultiplies) {
    if (bias != nullptr) ref::broadcast_row(bias, rows, out, y);
    gemm(Transpose::no, Transpose::yes, rows, out, in, x, in, weight, in,
         bias != nullptr ? 1.0f : 0.0f, y, out);
    return;
  }
  const OneDnnCall call;  // also while preparing: oneDNN divides the work then
  thread_local std::vector<Product> products;
  thread_local std::size_t oldest = 0;
  for (Product& product : products) {
    if (product.is_for(rows, out, in, bias != nullptr)) return product.run(x, weight, bias, y);
  }
  Product product(rows, out, in, bias != nullptr);
  product.run(x, weight, bias, y);
  if (products.size() < kMostProducts) {
    products.push_back(std::move(product));
  } else {
    products[oldest] = std::move(product);
    oldest = (oldest + 1) % kMostProducts;
  }
}

void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
          std::int64_t k, const float* a, std::int64_t lda, const float* b, std::int64_t ldb,
          float beta, float* c, std::int64_t ldc) {
  if (small_gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc)) return;
  if (narrow_gemm(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c, ldc)) return;
  const OneDnnCall call;
  const dnnl_status_t status = dnnl_sgemm(letter(transpose_a), letter(transpose_b), m, n, k, 1.0f,
                                          a, lda, b, ldb, beta, c, ldc);
  if (status != dnnl_success) {
    throw std::runtime_error("gemm: oneDNN returned status " + std::to_string(status) + " for m " +
                             std::to_string(m) + ", n " + std::to_string(n) + ", k " +
                             std::to_string(k) + ", expected success");
  }
}

}  // namespace plumb::fast
