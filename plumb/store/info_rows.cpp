// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/info_rows.h"

#include "plumb/core/error.h"
#include "plumb/store/data_rows.h"
#include "plumb/store/graph_check.h"
#include "plumb/store/rows.h"
#include "plumb/store/schema.h"

namespace plumb::store {

namespace {

constexpr std::int64_t kFirstWithRunning = 4;  ///< schema version

void insert_layers(Database& database, const RunInfo& info) {
  Statement layer_row(database, "INSERT INTO layer VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
  Statement edge_row(database, "INSERT INTO edge VALUES(?,?,?,?,?,?)");
  Statement traits_row(database, "INSERT INTO traits VALUES(?,?,?,?,?,?,?,?,?,?)");
  Statement cell_row(database, "INSERT INTO cell VALUES(?,?,?,?,?,?,?,?)");
  Statement running_row(database, "INSERT INTO running VALUES(?,?)");
  int number = 0;
  for (const LayerInfo& layer : info.layers) {
    layer_row.run(number, layer.path, layer.kind, to_string(layer.family), layer.text, layer.block,
                  layer.depth, layer.units, layer.fan_in, layer.fan_out, layer.function,
                  layer.first_step);
    int idx = 0;
    for (const Edge& edge : layer.inputs) {
      edge_row.run(number, idx++, edge.from, edge.output, to_string(edge.way), edge.main);
    }
    if (const auto& traits = layer.traits) {
      traits_row.run(number, traits->max_derivative, traits->low_slope, traits->high_slope,
                     traits->saturates, traits->can_die, traits->odd, traits->usual_log2_derivative,
                     traits->critical_gain, traits->gain_source);
    }
    if (const auto& cell = layer.cell) {
      cell_row.run(number, cell->state_activation, cell->truncated_steps, cell->orthogonal_start,
                   cell->identity_start, cell->gain, cell->forget_bias, cell->memory_steps);
    }
    if (layer.running_momentum) running_row.run(number, *layer.running_momentum);
    ++number;
  }
}

void insert_params(Database& database, const RunInfo& info) {
  Statement param_row(database, "INSERT INTO param VALUES(?,?,?,?,?,?,?,?,?,?)");
  Statement user_row(database, "INSERT INTO param_user VALUES(?,?,?)");
  int number = 0;
  for (const ParamInfo& param : info.params) {
    param_row.run(number, param.path, param.name, to_string(param.use), param.reverse, param.count,
                  param.frozen, param.shard, param.shards, param.first_step);
    int idx = 0;
    for (const LayerId user : param.users) user_row.run(number, idx++, user);
    ++number;
  }
}

void read_layers(const Database& database, RunInfo& info) {
  read_list(database,
            "SELECT idx, path, kind, family, text, block, depth, units, fan_in, fan_out, function, "
            "first_step FROM layer ORDER BY idx",
            [&](const Statement& row) {
              LayerInfo& layer = info.layers.emplace_back();
              layer.path = row.text(1);
              layer.kind = row.text(2);
              layer.family = enumerator(row, 3, parse_layer_family);
              layer.text = row.text(4);
              layer.block = row.small_integer(5);
              layer.depth = row.small_integer(6);
              layer.units = row.integer(7);
              layer.fan_in = row.integer(8);
              layer.fan_out = row.integer(9);
              layer.function = row.text(10);
              layer.first_step = row.integer(11);
            });
  read_parts(database, "SELECT layer, idx, source, output, way, main FROM edge ORDER BY layer, idx",
             info.layers, [](const Statement& row, LayerInfo& layer) {
               layer.inputs.push_back({.from = row.small_integer(2),
                                       .output = row.small_integer(3),
                                       .way = enumerator(row, 4, parse_way),
                                       .main = row.flag(5)});
             });
  // A table with one row for some of the layers reads as a list of one for each of them.
  read_parts(database,
             "SELECT layer, 0, max_derivative, low_slope, high_slope, saturates, can_die, odd, "
             "usual_log2_derivative, critical_gain, gain_source FROM traits ORDER BY layer",
             info.layers, [](const Statement& row, LayerInfo& layer) {
               layer.traits = {.max_derivative = row.optional_real(2),
                               .low_slope = row.optional_real(3),
                               .high_slope = row.optional_real(4),
                               .saturates = row.optional_flag(5),
                               .can_die = row.optional_flag(6),
                               .odd = row.optional_flag(7),
                               .usual_log2_derivative = row.optional_real(8),
                               .critical_gain = row.optional_real(9),
                               .gain_source = row.text(10)};
             });
  read_parts(database,
             "SELECT layer, 0, state_activation, truncated_steps, orthogonal_start, "
             "identity_start, gain, forget_bias, memory_steps FROM cell ORDER BY layer",
             info.layers, [](const Statement& row, LayerInfo& layer) {
               layer.cell = {.state_activation = row.text(2),
                             .truncated_steps = row.integer(3),
                             .orthogonal_start = row.flag(4),
                             .identity_start = row.flag(5),
                             .gain = row.optional_real(6),
                             .forget_bias = row.optional_real(7),
                             .memory_steps = row.integer(8)};
             });
  if (schema_version(database) < kFirstWithRunning) return;
  read_parts(database, "SELECT layer, 0, momentum FROM running ORDER BY layer", info.layers,
             [](const Statement& row, LayerInfo& layer) { layer.running_momentum = row.real(2); });
}

void read_params(const Database& database, RunInfo& info) {
  read_list(database,
            "SELECT idx, path, name, use, reverse, count, frozen, shard, shards, first_step "
            "FROM param ORDER BY idx",
            [&](const Statement& row) {
              info.params.push_back({.path = row.text(1),
                                     .name = row.text(2),
                                     .use = enumerator(row, 3, parse_param_use),
                                     .reverse = row.flag(4),
                                     .users = {},
                                     .count = row.integer(5),
                                     .frozen = row.flag(6),
                                     .shard = row.small_integer(7),
                                     .shards = row.small_integer(8),
                                     .first_step = row.integer(9)});
            });
  read_parts(
      database, "SELECT param, idx, layer FROM param_user ORDER BY param, idx", info.params,
      [](const Statement& row, ParamInfo& param) { param.users.push_back(row.small_integer(2)); });
}

}  // namespace

void replace_info(Database& database, const RunInfo& info) {
  database.execute(
      "DELETE FROM info; DELETE FROM setting; DELETE FROM layer; DELETE FROM edge; "
      "DELETE FROM traits; DELETE FROM cell; DELETE FROM running; DELETE FROM block; DELETE FROM "
      "param; "
      "DELETE FROM param_user; DELETE FROM output");
  Statement(database, "INSERT INTO info VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)")
      .run(info.kind, info.network, info.data, info.loss, info.optimiser, info.precision, info.seed,
           info.batch, info.classes, info.planned_steps, info.threads, info.plumb_version,
           info.machine, info.started_at);
  Statement setting_row(database, "INSERT INTO setting VALUES(?,?,?)");
  int idx = 0;
  for (const auto& [key, value] : info.settings) setting_row.run(idx++, key, value);
  replace_data(database, info);
  insert_layers(database, info);
  Statement block_row(database, "INSERT INTO block VALUES(?,?,?,?)");
  idx = 0;
  for (const BlockInfo& block : info.blocks) {
    block_row.run(idx++, block.path, block.kind, block.parent);
  }
  insert_params(database, info);
  Statement output_row(database, "INSERT INTO output VALUES(?,?)");
  idx = 0;
  for (const LayerId output : info.outputs) output_row.run(idx++, output);
}

void read_run(const Database& database, RunInfo& info) {
  Statement row(database,
                "SELECT kind, network, data, loss, optimiser, precision, seed, batch, classes, "
                "planned_steps, threads, plumb_version, machine, started_at FROM info");
  if (!row.next()) {
    const auto log = missing_log(database);
    throw StoreError(
        database.path() + ": holds no run yet, nothing was recorded" +
        (log ? " in it; a run that was not closed has its steps in " + *log + ", which is missing"
             : ""));
  }
  info.kind = row.text(0);
  info.network = row.text(1);
  info.data = row.text(2);
  info.loss = row.text(3);
  info.optimiser = row.text(4);
  info.precision = row.text(5);
  info.seed = row.count(6);
  info.batch = row.integer(7);
  info.classes = row.integer(8);
  info.planned_steps = row.integer(9);
  info.threads = row.small_integer(10);
  info.plumb_version = row.text(11);
  info.machine = row.text(12);
  info.started_at = row.text(13);
  read_list(database, "SELECT idx, key, value FROM setting ORDER BY idx",
            [&](const Statement& setting) {
              info.settings.emplace_back(setting.text(1), setting.text(2));
            });
}

RunInfo read_info(const Database& database) {
  RunInfo info;
  read_run(database, info);
  read_data(database, info);
  read_layers(database, info);
  read_list(database, "SELECT idx, path, kind, parent FROM block ORDER BY idx",
            [&](const Statement& block) {
              info.blocks.push_back({block.text(1), block.text(2), block.small_integer(3)});
            });
  read_params(database, info);
  read_list(database, "SELECT idx, layer FROM output ORDER BY idx",
            [&](const Statement& output) { info.outputs.push_back(output.small_integer(1)); });
  if (const std::string problem = check_graph(info); !problem.empty()) {
    throw StoreError(database.path() + ": damaged run file: " + problem);
  }
  return info;
}

GraphSize read_graph_size(const Database& database) {
  Statement row(database,
                "SELECT (SELECT count(*) FROM layer), (SELECT count(*) FROM block), "
                "(SELECT count(*) FROM param)");
  row.next();
  return {row.count(0), row.count(1), row.count(2)};
}

std::optional<RunEnd> read_end(const Database& database) {
  Statement row(database, "SELECT reason, steps, time_s FROM run_end");
  if (!row.next()) return std::nullopt;
  return RunEnd{row.text(0), row.integer(1), row.real(2)};
}

}  // namespace plumb::store
