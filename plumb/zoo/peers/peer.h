// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/record/run.h"

/// The rules of other tools, as far as they are published, on the runs of the zoo. Each is written
/// from the thresholds that its authors state, not from their code; what a record lacks is said at
/// the rule.
namespace plumb::zoo {

/// What one sketch says, in the linear units that the other tools use; 0 where it is below float.
double mean_magnitude(const Sketch& sketch);  ///< of a normal one of that rms: rms sqrt(2 / pi)
double norm(const Sketch& sketch);            ///< l2

/// A run as other tools see it: parameter gradients, outputs, losses.
class PeerView {
 public:
  explicit PeerView(const Run& run);

  struct Layer {
    LayerId id = kNoLayer;
    const Sketch* output = nullptr;
    const Sketch* grad_output = nullptr;
    const Sketch* weight = nullptr;
    const Sketch* grad_weight = nullptr;
    const Sketch* update = nullptr;
    const LayerInfo* info = nullptr;
    bool is_linear() const { return weight != nullptr; }
  };
  struct Step {
    const StepRecord* record = nullptr;
    std::vector<Layer> layers;  ///< in forward order
  };
  const Run& run() const { return run_; }
  const std::vector<Step>& steps() const { return steps_; }  ///< the measured ones
  /// Mean loss and accuracy of each whole epoch.
  struct Epoch {
    double loss = 0, accuracy = 0;
    double validation_loss = 0, validation_accuracy = 0;  ///< NaN where there is none
  };
  const std::vector<Epoch>& epochs() const { return epochs_; }

 private:
  const Run& run_;
  std::vector<Step> steps_;
  std::vector<Epoch> epochs_;
};

/// Names of symptoms that a rule set reported, as it calls them.
using Symptoms = std::set<std::string>;

struct Peer {
  std::string_view name;  ///< "AutoTrainer"
  std::string_view source;
  /// Which of plumb's rules each symptom stands for; more than one where it does not tell them
  /// apart.
  std::map<std::string, std::vector<std::string_view>> means;
  Symptoms (*check)(const PeerView& view) = nullptr;
};
std::span<const Peer> peers();

Symptoms auto_trainer(const PeerView& view);
Symptoms deep_diagnosis(const PeerView& view);
Symptoms deep_localize(const PeerView& view);
Symptoms umlaut(const PeerView& view);
Symptoms sagemaker_debugger(const PeerView& view);
Symptoms deep_checker(const PeerView& view);
Symptoms torchmortem(const PeerView& view);
Symptoms graphyco(const PeerView& view);
Symptoms torchlens(const PeerView& view);

}  // namespace plumb::zoo
