// SPDX-License-Identifier: Apache-2.0
#include "plumb/nn/dense.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace plumb {
namespace {

template <class T>
Tensor tensor(const Shape& shape, std::initializer_list<double> values) {
  Tensor t(shape, kDTypeOf<T>);
  std::transform(values.begin(), values.end(), t.as<T>().begin(),
                 [](double v) { return static_cast<T>(v); });
  return t;
}

template <class T>
void check_two_by_two() {
  ThreadPool pool(1);
  const Context context{.pool = pool};
  Dense dense(2, 2, true, kDTypeOf<T>, "dense");
  dense.params()[0].value = tensor<T>({2, 2}, {1, 2, 3, 4});
  dense.params()[1].value = tensor<T>({2}, {10, 20});
  const Tensor x = tensor<T>({2, 2}, {1, -1, 2, 0.5});
  const Tensor grad_y = tensor<T>({2, 2}, {1, 2, -1, 3});
  Tensor y({2, 2}, kDTypeOf<T>), grad_x({2, 2}, kDTypeOf<T>);
  const auto expect = [](const Tensor& got, std::vector<T> want) {
    EXPECT_TRUE(std::ranges::equal(got.as<T>(), want));
  };
  dense.forward(x.view(), y.view(), context);
  expect(y, {9, 19, 13, 28});
  dense.backward(x.view(), y.view(), grad_y.view(), grad_x.view(), context);
  expect(grad_x, {7, 10, 8, 10});
  expect(dense.params()[0].grad, {-1, T(-1.5), 8, T(-0.5)});
  expect(dense.params()[1].grad, {0, 5});
}

TEST(DenseTest, TwoByTwoByHandInFloat) { check_two_by_two<float>(); }
TEST(DenseTest, TwoByTwoByHandInDouble) { check_two_by_two<double>(); }

}  // namespace
}  // namespace plumb
