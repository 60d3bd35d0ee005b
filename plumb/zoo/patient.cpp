// SPDX-License-Identifier: Apache-2.0
#include "plumb/zoo/patient.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "plumb/train/trainer.h"
#include "plumb/train/weights.h"

namespace plumb::zoo {

Patient::Patient(const Kind& kind, std::uint64_t seed, bool twin)
    : specimen_(make_specimen(kind, seed, twin)) {
  specimen_.config.threads = 1;
  specimen_.config.record = "log";
  if (!specimen_.surgery) return;
  static std::atomic<int> count{0};
  path_ = (std::filesystem::temp_directory_path() /
           fmt::format("plumb-zoo-{}-{}.npz", ::getpid(), count++))
              .string();
  Network network = make_network(specimen_.config, specimen_.data.train);
  specimen_.surgery(network);
  save_weights(network, path_);
  specimen_.config.weights = path_;
}

Patient::~Patient() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

}  // namespace plumb::zoo
