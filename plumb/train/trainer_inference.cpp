// SPDX-License-Identifier: Apache-2.0
// What a trainer answers without learning: passes in inference mode.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "plumb/core/error.h"
#include "plumb/train/trainer.h"

namespace plumb {

void Trainer::expect_inputs_like_training(const Dataset& data) const {
  const std::string name = data.name.empty() ? "data" : data.name;
  if (data.size() == 0) {
    throw UsageError(
        fmt::format("Trainer cannot evaluate {}: no samples, expected one or more", name));
  }
  check_dataset(data);
  const Shape x = data.x.shape().row_shape(), expected = data_.train.x.shape().row_shape();
  if (x.size() == expected.size()) return;
  throw UsageError(
      fmt::format("Trainer cannot evaluate {}: x has shape {} a sample, expected {} as the "
                  "training data",
                  name, x.to_string(), expected.to_string()));
}

void Trainer::evaluate_inference(StepRecord& record) {
  load_batch(step_);
  const Context context{Mode::infer, static_cast<std::uint64_t>(step_), threads_};
  const ConstView y = network_.forward(context);
  record.inference_loss = loss_unit() * loss_->value(y, target(batches_.batch()));
  if (data_.train.is_classification()) record.inference_accuracy = batch_accuracy();
}

void Trainer::expect_like_training(const Dataset& data) const {
  expect_inputs_like_training(data);
  const Dataset& train = data_.train;
  const auto refuse = [&](const std::string& given, const std::string& expected) {
    throw UsageError(fmt::format("Trainer cannot evaluate {}: {}, expected {} as the training data",
                                 data.name.empty() ? "data" : data.name, given, expected));
  };
  if (data.is_classification() != train.is_classification() || data.classes > train.classes) {
    refuse(fmt::format("{} classes", data.classes), fmt::format("{}", train.classes));
  }
  if (data.is_classification() && data.labels_per_sample != train.labels_per_sample) {
    refuse(fmt::format("{} labels a sample", data.labels_per_sample),
           fmt::format("{}", train.labels_per_sample));
  }
  if (data.is_classification()) return;
  const Shape y = data.y.shape().row_shape(), expected_y = train.y.shape().row_shape();
  if (y.size() != expected_y.size()) {
    refuse("y has shape " + y.to_string() + " a sample", expected_y.to_string());
  }
}

template <class Use>
void Trainer::infer(const Dataset& data, const Use& use) {
  const Context context{Mode::infer, 0, threads_};
  const std::int64_t batch = batches_.batch();
  std::vector<std::int64_t> rows(static_cast<std::size_t>(batch));
  for (std::int64_t first = 0; first < data.size(); first += batch) {
    const std::int64_t count = std::min(batch, data.size() - first);
    // The tensors have room for whole batches, so the last one is filled up and its head is judged.
    for (std::int64_t i = 0; i < batch; ++i)
      rows[static_cast<std::size_t>(i)] = (first + i) % data.size();
    copy_batch(data, rows, network_.input(), labels_, values_.view());
    ConstView y = network_.forward(context);
    y.shape = y.shape.with_batch(count);
    use(first, count, y);
  }
}

Evaluation Trainer::evaluate(const Dataset& data) {
  expect_like_training(data);
  Evaluation sum;
  infer(data, [&](std::int64_t, std::int64_t count, ConstView y) {
    const double weight = static_cast<double>(count) / static_cast<double>(data.size());
    sum.loss += weight * loss_unit() * loss_->value(y, target(count));
    sum.accuracy += data.is_classification()
                        ? weight * accuracy(y, labels(count), class_threshold())
                        : std::numeric_limits<double>::quiet_NaN();
  });
  return sum;
}

Tensor Trainer::predict(const Dataset& data) {
  expect_inputs_like_training(data);
  Tensor all;
  infer(data, [&](std::int64_t first, std::int64_t, ConstView y) {
    if (!all) all = Tensor(y.shape.with_batch(data.size()), y.dtype);
    dispatch(y.dtype, [&](auto zero) {
      using T = decltype(zero);
      const auto from = y.as<T>();
      std::ranges::copy(from, all.as<T>().begin() + first * y.shape.row_size());
    });
  });
  return all;
}

}  // namespace plumb
