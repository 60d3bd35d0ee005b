// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "plumb/store/export_json-inl.h"
#include "plumb/store/run_file.h"

namespace plumb {

namespace {

using store::Json;

// A text that is not UTF-8 (a path, say) gets replacement characters; JSON has no other way.
std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

// Put together from parts: one tree of all steps would take many times the memory of the run.
std::string export_json(const Run& run) {
  std::string text = R"({"format":"plumb-run","schema_version":)" + std::to_string(kSchemaVersion);
  text += ",\"info\":" + dump(store::info_json(run.info)) + ",\"steps\":[";
  const char* separator = "\n";
  for (const StepRecord& step : run.steps) {
    text += separator + dump(store::step_json(run.info, step));
    separator = ",\n";
  }
  text += "],\n\"findings\":";
  if (run.findings) {
    separator = "[\n";
    for (const Finding& finding : *run.findings) {
      text += separator + dump(store::finding_json(run.info, finding));
      separator = ",\n";
    }
    text += run.findings->empty() ? "[]" : "]";
  } else {
    text += "null";
  }
  text += ",\n\"end\":";
  text += run.end ? dump({{"reason", run.end->reason},
                          {"steps", run.end->steps},
                          {"time_s", store::number(run.end->time_s)}})
                  : "null";
  return text + "}\n";
}

}  // namespace plumb
