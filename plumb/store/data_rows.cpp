// SPDX-License-Identifier: Apache-2.0
#include "plumb/store/data_rows.h"

#include "plumb/store/rows.h"
#include "plumb/store/schema.h"

namespace plumb::store {

namespace {

constexpr std::int64_t kFirstVersion = 4;
constexpr std::int64_t kFirstWithOrder = 5;
constexpr const char* kInputs = "input";
constexpr const char* kTargets = "target";

void insert_columns(Statement& row, const char* part, const std::vector<ColumnInfo>& columns) {
  int idx = 0;
  for (const ColumnInfo& column : columns) {
    row.run(part, idx++, column.name, column.mean, column.deviation, column.smallest,
            column.largest);
  }
}

std::vector<ColumnInfo> read_columns(const Database& database, const char* part) {
  Statement row(database,
                "SELECT idx, name, mean, deviation, smallest, largest FROM data_column "
                "WHERE part = ? ORDER BY idx");
  row.bind_all(part);
  std::vector<ColumnInfo> columns;
  Order order;
  while (row.next()) {
    if (!order.accepts(0, row.integer(0))) row.damaged("rows are out of order");
    columns.push_back({.name = row.text(1),
                       .mean = row.real(2),
                       .deviation = row.real(3),
                       .smallest = row.real(4),
                       .largest = row.real(5)});
  }
  return columns;
}

}  // namespace

void replace_data(Database& database, const RunInfo& info) {
  database.execute(
      "DELETE FROM data; DELETE FROM data_column; DELETE FROM class_size; DELETE FROM baseline; "
      "DELETE FROM optimiser");
  if (const auto& data = info.data_info) {
    Statement(database, "INSERT INTO data VALUES(?,?,?)")
        .run(data->samples, data->validation_samples, data->between_batches);
    Statement column_row(database, "INSERT INTO data_column VALUES(?,?,?,?,?,?,?)");
    insert_columns(column_row, kInputs, data->inputs);
    insert_columns(column_row, kTargets, data->targets);
    Statement size_row(database, "INSERT INTO class_size VALUES(?,?)");
    int idx = 0;
    for (const std::int64_t size : data->class_sizes) size_row.run(idx++, size);
  }
  if (const auto& baseline = info.baseline) {
    Statement(database, "INSERT INTO baseline VALUES(?,?,?)")
        .run(baseline->loss, baseline->loss_deviation, baseline->accuracy);
  }
  if (const auto& optimiser = info.optimiser_info) {
    Statement(database, "INSERT INTO optimiser VALUES(?,?,?,?,?,?,?,?,?,?,?,?)")
        .run(optimiser->kind, optimiser->momentum, optimiser->nesterov, optimiser->beta2,
             optimiser->eps, optimiser->weight_decay, optimiser->is_decay_decoupled,
             optimiser->clip_norm, optimiser->clip_value, optimiser->learning_rate,
             optimiser->schedule, optimiser->warmup_steps);
  }
}

void read_data(const Database& database, RunInfo& info) {
  if (schema_version(database) < kFirstVersion) return;
  const bool has_order = schema_version(database) >= kFirstWithOrder;
  const char* const columns = has_order
                                  ? "SELECT samples, validation_samples, between_batches FROM data"
                                  : "SELECT samples, validation_samples, NULL FROM data";
  if (Statement row(database, columns); row.next()) {
    DataInfo& data = info.data_info.emplace();
    data.samples = row.integer(0);
    data.validation_samples = row.integer(1);
    data.between_batches = row.optional_real(2);
    data.inputs = read_columns(database, kInputs);
    data.targets = read_columns(database, kTargets);
    read_list(database, "SELECT idx, samples FROM class_size ORDER BY idx",
              [&](const Statement& size) { data.class_sizes.push_back(size.integer(1)); });
  }
  if (Statement row(database, "SELECT loss, loss_deviation, accuracy FROM baseline"); row.next()) {
    info.baseline = {.loss = row.real(0), .loss_deviation = row.real(1), .accuracy = row.real(2)};
  }
  Statement row(database,
                "SELECT kind, momentum, nesterov, beta2, eps, weight_decay, is_decay_decoupled, "
                "clip_norm, clip_value, learning_rate, schedule, warmup_steps FROM optimiser");
  if (!row.next()) return;
  info.optimiser_info = {.kind = row.text(0),
                         .momentum = row.real(1),
                         .nesterov = row.flag(2),
                         .beta2 = row.real(3),
                         .eps = row.real(4),
                         .weight_decay = row.real(5),
                         .is_decay_decoupled = row.flag(6),
                         .clip_norm = row.real(7),
                         .clip_value = row.real(8),
                         .learning_rate = row.real(9),
                         .schedule = row.text(10),
                         .warmup_steps = row.integer(11)};
}

}  // namespace plumb::store
