// SPDX-License-Identifier: Apache-2.0
#include "plumb/train/network_monitor.h"

#include "plumb/train/graph_info.h"

namespace plumb {

namespace {

RunInfo with_graph(const Network& network, RunInfo about) {
  describe_graph(network, about);
  if (about.batch == 0) about.batch = network.batch();
  return about;
}

}  // namespace

NetworkMonitor::NetworkMonitor(const Network& network, const MonitorOptions& options,
                               const RunInfo& about)
    : monitor_(with_graph(network, about), options), probe_(network, monitor_.recorder()) {}

}  // namespace plumb
