// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "plumb/zoo/peers/peer.h"

namespace plumb::zoo {

std::span<const Peer> peers() {
  static const std::vector<Peer> all = {
      {"AutoTrainer",
       "Zhang et al., ICSE 2021, and the defaults of its repository",
       {{"vanish", {"vanishing_gradient", "vanishing_through_time"}},
        {"explode", {"exploding_gradient", "exploding_through_time", "non_finite"}},
        {"relu", {"dead_units"}},
        {"unstable", {"update_too_large", "diverging"}},
        {"not_converge", {"not_learning", "shrinking_weights", "stalled_layer"}}},
       auto_trainer},
      {"DeepDiagnosis",
       "Wardat et al., ICSE 2022",
       {{"vanishing", {"vanishing_gradient", "vanishing_through_time"}},
        {"saturated", {"saturated_activation", "saturated_gate"}},
        {"dead", {"dead_units"}},
        {"numerical", {"non_finite", "exploding_gradient"}},
        {"out_of_range", {"output_range", "logits_activation"}},
        {"not_learning", {"not_learning", "shrinking_weights"}},
        {"unchanged", {"stalled_layer", "shrinking_weights", "not_learning"}}},
       deep_diagnosis},
      {"DeepLocalize",
       "Wardat, Le, Rajan, ICSE 2021",
       {{"numerical", {"non_finite", "exploding_gradient"}},
        {"not_learning", {"not_learning", "shrinking_weights"}}},
       deep_localize},
      {"UMLAUT",
       "Schoop et al., CHI 2021, and its repository",
       {{"input_range", {"input_scale", "column_scale"}},
        {"nan_loss", {"non_finite"}},
        {"overfitting", {"overfitting"}},
        {"high_validation", {}}},
       umlaut},
      {"SageMaker Debugger",
       "its list of built-in rules with their default values",
       {{"vanishing", {"vanishing_gradient", "vanishing_through_time"}},
        {"exploding", {"non_finite", "exploding_gradient"}},
        {"dead_relu", {"dead_units"}},
        {"saturated", {"saturated_activation"}},
        {"loss_not_decreasing", {"not_learning", "shrinking_weights"}},
        {"update_ratio", {"update_too_large", "shrinking_weights", "stalled_layer"}},
        {"all_zero", {"symmetric_units", "vanishing_gradient", "dead_units"}}},
       sagemaker_debugger},
      {"TheDeepChecker",
       "Ben Braiek and Khomh, TOSEM 2022",
       {{"dead", {"dead_units"}},
        {"update_large", {"update_too_large"}},
        {"update_small", {"stalled_layer", "vanishing_gradient"}},
        {"initial_loss", {"output_scale", "target_scale", "input_scale"}},
        {"non_finite", {"non_finite"}},
        {"same_weights", {"symmetric_units"}}},
       deep_checker},
      {"torchmortem",
       "its README, 2026",
       {{"vanishing", {"vanishing_gradient"}}, {"exploding", {"exploding_gradient"}}},
       torchmortem},
      {"graphyco",
       "its README, 2026",
       {{"vanishing", {"vanishing_gradient"}},
        {"exploding", {"exploding_gradient"}},
        {"dead", {"dead_units"}}},
       graphyco},
      {"TorchLens",
       "gradient_flow_audit of version 2",
       {{"vanishing", {"vanishing_gradient"}}, {"exploding", {"exploding_gradient"}}},
       torchlens},
  };
  return all;
}

}  // namespace plumb::zoo
