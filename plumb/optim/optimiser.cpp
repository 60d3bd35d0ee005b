// SPDX-License-Identifier: Apache-2.0
#include "plumb/optim/optimiser.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "plumb/core/error.h"
#include "plumb/optim/check_config.h"
#include "plumb/optim/update.h"

namespace plumb {

namespace {

/// Indices of a chunk: below this the caller works alone. Also the unit of the decay norm's sum,
/// whose order therefore does not depend on the threads.
constexpr std::int64_t kGrain = 16384;

/// What an observer is shown at once: small enough that value, gradient, update and state stay in
/// the first-level cache, or nearly; where several threads share the work or the decay norm is
/// summed up by grains, in a second-level cache.
constexpr std::int64_t kSmallPiece = 4096, kPiece = 2 * kGrain;

UpdateFormula formula_of(const OptimiserConfig& config) {
  const bool momentum = config.momentum != 0;
  if (config.name == "sgd") {
    if (config.nesterov) return UpdateFormula::nesterov;
    return momentum ? UpdateFormula::momentum : UpdateFormula::sgd;
  }
  if (config.name == "rmsprop") {
    return momentum ? UpdateFormula::rmsprop_momentum : UpdateFormula::rmsprop;
  }
  return UpdateFormula::adam;
}

bool has_first(UpdateFormula formula) {
  return formula != UpdateFormula::sgd && formula != UpdateFormula::rmsprop;
}
bool has_second(UpdateFormula formula) {
  return formula == UpdateFormula::rmsprop || formula == UpdateFormula::rmsprop_momentum ||
         formula == UpdateFormula::adam;
}

/// factor * 2^log2_scale as two factors that both are normal numbers of the dtype.
void split_scale(UpdateStep& step, double factor, int log2_scale, DType dtype) {
  step.grad_is_scaled = factor != 1 || log2_scale != 0;
  if (!step.grad_is_scaled) return;
  int exponent = 0;
  const double fraction = std::frexp(factor, &exponent);  // in [1/2, 1)
  exponent += log2_scale;
  const bool is_float = dtype == DType::f32;
  const int low = (is_float ? std::numeric_limits<float>::min_exponent
                            : std::numeric_limits<double>::min_exponent) +
                  1;
  const int high = (is_float ? std::numeric_limits<float>::max_exponent
                             : std::numeric_limits<double>::max_exponent) -
                   1;
  const int half = std::clamp(exponent - exponent / 2, low, high);
  step.grad_scale = std::ldexp(fraction, half);
  step.grad_power = std::ldexp(1.0, std::clamp(exponent - half, low, high));
}

class MainOptimiser final : public Optimiser {
 public:
  explicit MainOptimiser(const OptimiserConfig& config)
      : config_(config), formula_(formula_of(config)) {
    if (config_.name == "adamw") config_.decoupled = true;
  }

  std::string_view kind() const override { return config_.name; }

  void begin(std::span<Param* const> params, double learning_rate, double grad_factor,
             double clip_value) override {
    if (params_.empty() && step_ == 0) allocate_state(params);
    if (!std::ranges::equal(params, params_)) {
      throw UsageError(
          "Optimiser::begin with other params than at the first step: its state belongs to those, "
          "make_optimiser() a new one for these");
    }
    ++step_;
    updates_ = 0;
    is_open_ = true;
    learning_rate_ = learning_rate;
    grad_factor_ = grad_factor;
    common_ = common_step(learning_rate);
    common_.clip = clip_value;
    decayed_ = 0;
  }

  void update(std::size_t index, ThreadPool& pool, UpdateObserver* observer) override {
    note_update(index);
    if (observer != nullptr && !scratch_) allocate_scratch();
    Param& param = *params_[index];
    UpdateStep step = common_;
    step.grad_is_zero = param.grad_is_zero;
    split_scale(step, grad_factor_, param.grad_log2_scale, param.value.dtype());
    const bool decays = config_.weight_decay != 0 && is_decayed(param);
    if (decays && config_.decoupled) step.shrink = learning_rate_ * config_.weight_decay;
    if (decays && !config_.decoupled) step.coupled_decay = config_.weight_decay;
    const std::int64_t count = param.value.size();
    const bool in_grains = decays || pool.thread_count() > 1;
    const std::int64_t at_once = observer == nullptr ? count : in_grains ? kPiece : kSmallPiece;
    for (std::int64_t begin = 0; begin < count; begin += at_once) {
      const Piece piece{begin, std::min(at_once, count - begin)};
      if (observer != nullptr) {
        observer->before_update(index, param, part_of(param.value, piece), piece.begin);
      }
      dispatch(param.value.dtype(), [&](auto zero) {
        apply<decltype(zero)>(param, index, step, piece, decays, pool, observer != nullptr);
      });
      if (observer != nullptr) show(*observer, param, index, piece);
    }
    for (std::int64_t i = 0; decays && i * kGrain < count; ++i) {
      decayed_ += decay_sums_[static_cast<std::size_t>(i)];
    }
  }

  double finish() override {
    if (!is_open_) refuse("finish");
    if (updates_ != params_.size()) {
      throw UsageError("Optimiser::finish after " + std::to_string(updates_) + " of " +
                       std::to_string(params_.size()) +
                       " params: call update(index) for each of them first");
    }
    is_open_ = false;
    return config_.weight_decay * std::sqrt(decayed_);
  }

  OptimiserState state() override {
    if (is_open_) throw UsageError("Optimiser::state within a step: call finish() first");
    OptimiserState state;
    state.steps = step_;
    for (Tensor& tensor : first_) {
      if (tensor) state.first.push_back(&tensor);
    }
    for (Tensor& tensor : second_) {
      if (tensor) state.second.push_back(&tensor);
    }
    return state;
  }

  OptimiserState resume(std::span<Param* const> params, std::int64_t steps) override {
    if (step_ != 0 || !params_.empty()) {
      throw UsageError("Optimiser::resume after begin(): call it first, of a new optimiser");
    }
    allocate_state(params);
    step_ = steps;
    std::ranges::fill(updated_at_, steps);
    return state();
  }

 private:
  struct Piece {
    std::int64_t begin;
    std::int64_t length;
  };

  [[noreturn]] static void refuse(const char* call) {
    throw UsageError(std::string("Optimiser::") + call +
                     " before begin(): call begin(params) first");
  }

  /// Of the step that has begun, which sees each index once.
  void note_update(std::size_t index) {
    if (!is_open_) refuse("update");
    if (index >= params_.size()) {
      throw UsageError("Optimiser::update of index " + std::to_string(index) + ", expected below " +
                       std::to_string(params_.size()));
    }
    if (updated_at_[index] == step_) {
      throw UsageError("Optimiser::update of index " + std::to_string(index) +
                       " twice in a step: call finish() and begin() in between");
    }
    updated_at_[index] = step_;
    ++updates_;
  }

  static ConstView part_of(const Tensor& all, Piece piece) {
    const DType dtype = all.dtype();
    const char* const data = static_cast<const char*>(all.view().data);
    return {data + piece.begin * size_bytes(dtype), dtype, Shape{piece.length}};
  }

  bool is_decayed(const Param& param) const {
    return config_.decay_bias || param.name.find("bias") == std::string::npos;
  }

  UpdateStep common_step(double learning_rate) const {
    UpdateStep step;
    step.formula = formula_;
    step.rate = learning_rate;
    step.momentum = config_.momentum;
    step.rho = config_.rho;
    step.eps = config_.eps;
    if (formula_ == UpdateFormula::adam) {
      const auto time = static_cast<double>(step_);
      step.beta1 = config_.beta1;
      step.rho = config_.beta2;
      step.rate = learning_rate / (1 - std::pow(config_.beta1, time));
      step.root_correction = 1 / std::sqrt(1 - std::pow(config_.beta2, time));
    }
    return step;
  }

  void allocate_state(std::span<Param* const> params) {
    std::int64_t largest = 0;
    params_.assign(params.begin(), params.end());
    updated_at_.resize(params.size());
    for (const Param* const param : params) {
      const Shape& shape = param->value.shape();
      const DType dtype = param->value.dtype();
      first_.push_back(has_first(formula_) ? Tensor(shape, dtype) : Tensor());
      second_.push_back(has_second(formula_) ? Tensor(shape, dtype) : Tensor());
      largest = std::max(largest, shape.size());
    }
    decay_sums_.resize(static_cast<std::size_t>((largest + kGrain - 1) / kGrain));
  }

  void allocate_scratch() {
    std::int64_t largest_bytes = 0;
    for (const Param* const param : params_) {
      const std::int64_t length = std::min(param->value.size(), kPiece);
      largest_bytes = std::max(largest_bytes, length * size_bytes(param->value.dtype()));
    }
    scratch_ = Tensor({largest_bytes / 8 + 1}, DType::f64);
  }

  void show(UpdateObserver& observer, const Param& param, std::size_t index, Piece piece) {
    const ConstView update{scratch_.view().data, param.value.dtype(), Shape{piece.length}};
    observer.on_update(index, param, part_of(param.grad, piece), update, piece.begin);
  }

  /// Leaves the sums of squares of the value before the step in decay_sums_ if it `decays`.
  template <class T>
  void apply(Param& param, std::size_t index, const UpdateStep& step, Piece piece, bool decays,
             ThreadPool& pool, bool observed) {
    UpdateArrays<T> all;
    all.value = param.value.as<T>().data();
    all.grad = param.grad.as<T>().data();
    if (has_first(formula_)) all.first = first_[index].as<T>().data();
    if (has_second(formula_)) all.second = second_[index].as<T>().data();
    T* const added = observed ? static_cast<T*>(scratch_.view().data) : nullptr;

    pool.run(piece.length, kGrain, [&](std::int64_t chunk_begin, std::int64_t chunk_end) {
      const DenormalsAreZero denormals_are_zero;
      for (std::int64_t at = chunk_begin; at < chunk_end; at += kGrain) {
        const std::int64_t begin = piece.begin + at;
        const auto length = static_cast<std::size_t>(std::min(kGrain, chunk_end - at));
        if (decays) {
          decay_sums_[static_cast<std::size_t>(begin / kGrain)] =
              sum_of_squares(all.value + begin, length);
        }
        UpdateArrays<T> part = all;
        part.value += begin;
        part.grad += begin;
        if (part.first != nullptr) part.first += begin;
        if (part.second != nullptr) part.second += begin;
        if (added != nullptr) part.update = added + at;
        apply_update(step, part, length);
      }
    });
  }

  OptimiserConfig config_;
  UpdateFormula formula_;
  std::int64_t step_ = 0;
  std::vector<Param*> params_;            ///< of all steps
  std::vector<std::int64_t> updated_at_;  ///< the step that updated each of them last
  std::vector<Tensor> first_;
  std::vector<Tensor> second_;
  std::vector<double> decay_sums_;
  Tensor scratch_;

  // Of the step that has begun.
  bool is_open_ = false;
  std::size_t updates_ = 0;
  double learning_rate_ = 0;
  double grad_factor_ = 1;
  UpdateStep common_;
  double decayed_ = 0;
};

}  // namespace

double Optimiser::step(std::span<Param* const> params, double learning_rate, double grad_factor,
                       double clip_value, ThreadPool& pool, UpdateObserver* observer) {
  begin(params, learning_rate, grad_factor, clip_value);
  for (std::size_t index = 0; index < params.size(); ++index) update(index, pool, observer);
  return finish();
}

std::unique_ptr<Optimiser> make_optimiser(const OptimiserConfig& config) {
  check_config(config);
  return std::make_unique<MainOptimiser>(config);
}

}  // namespace plumb
