// SPDX-License-Identifier: Apache-2.0
#include "plumb/diagnose/words/loop_words.h"

#include <array>
#include <string_view>

#include "plumb/diagnose/loop_faults.h"
#include "plumb/diagnose/words/sizes.h"

namespace plumb::words {

namespace {

struct Cure {
  std::string_view fault;
  const char* text;
};

constexpr std::array kCures{
    Cure{loop_fault::kNotReset, "reset the gradients once for each update"},
    Cure{
        loop_fault::kSevered,
        "let the gradient through to these parameters; if they are not to be trained, freeze them"},
    Cure{loop_fault::kLeftOut,
         "give these parameters to the optimiser; if they are not to be trained, freeze them"},
    Cure{loop_fault::kUntrained,
         "make the optimiser of the parameters of the network that is trained"},
    Cure{loop_fault::kBroadcast, "give the outputs and the targets one shape"},
    Cure{loop_fault::kEvaluation, "put the network back into training mode after each evaluation"}};

}  // namespace

std::string loop_text(const RunInfo& info) {
  std::string text;
  for (const std::string& sentence : loop_sentences(info)) {
    text += (text.empty() ? "" : " ") + capitalised(sentence) + ".";
  }
  return text;
}

std::string training_loop(const Telling& telling) {
  std::string text;
  for (const LoopFault& fault : loop_faults(telling.info)) {
    text += (text.empty() ? "" : " ") + capitalised(fault.sentence) + ".";
  }
  return text;
}

std::string training_loop_does(const Telling&) {
  return "What else is found tells how the network trains with that; mend it before anything else.";
}

std::string mend_loop(const Remedy& remedy) {
  const std::string* fault = remedy.text("fault");
  for (const Cure& cure : kCures) {
    if (fault != nullptr && *fault == cure.fault) return cure.text;
  }
  return "mend the training loop";
}

}  // namespace plumb::words
