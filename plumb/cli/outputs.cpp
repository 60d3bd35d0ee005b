// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/outputs.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "plumb/core/error.h"
#include "plumb/core/output_file.h"
#include "plumb/data/dataset.h"
#include "plumb/store/run_file.h"

namespace plumb::cli {

namespace {

namespace fs = std::filesystem;

/// The same file, or the same name of one that is not there yet. Devices are no files: /dev/null
/// may be read and written.
bool is_same(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::exists(a, error) && fs::exists(b, error)) {
    const bool is_file = fs::is_regular_file(a, error) || fs::is_directory(a, error);
    return is_file && fs::equivalent(a, b, error);
  }
  const fs::path left = fs::weakly_canonical(a, error), right = fs::weakly_canonical(b, error);
  return !left.empty() && left == right;
}

/// Whether the name is that of a file as data folders hold them.
bool looks_like_data(const fs::path& path) {
  constexpr std::array<std::string_view, 5> kEndings{".png", ".jpg", ".jpeg", ".PNG", ".JPG"};
  const std::string name = path.filename().string();
  for (const std::string_view ending : kEndings) {
    if (name.ends_with(ending)) return true;
  }
  return name.find("-ubyte") != std::string::npos;
}

bool is_inside(const std::string& file, const std::string& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(file, error);
  const fs::path outer = fs::weakly_canonical(folder, error);
  const fs::path way = inner.lexically_relative(outer);
  return !way.empty() && *way.begin() != "..";
}

}  // namespace

void Outputs::reads(const std::string& what, const std::string& path) {
  if (!path.empty()) inputs_.push_back({.what = what, .path = path});
}

void Outputs::reads_data(const std::string& source) {
  const std::string path = path_of_source(source);
  std::error_code error;
  if (path.empty()) return;
  (fs::is_directory(path, error) ? folders_ : inputs_).push_back({.what = "--data", .path = path});
}

void Outputs::writes(const std::string& what, const std::string& path, bool may_be_stdout) {
  outputs_.push_back({.what = what, .path = path, .may_be_stdout = may_be_stdout});
}

void Outputs::writes_run(const std::string& what, const std::string& path, bool force) {
  outputs_.push_back({.what = what, .path = path, .is_run = true, .force = force});
}

void Outputs::writes_runs(const std::string& what, const std::string& folder, bool force) {
  outputs_.push_back(
      {.what = what, .path = folder, .is_run = true, .is_folder = true, .force = force});
}

std::string Outputs::problem_of_folder(const File& output) {
  const std::string& path = output.path;
  if (path.empty()) return "an empty name, expected that of a folder";
  std::error_code error;
  if (fs::exists(path, error) && !fs::is_directory(path, error)) {
    return fmt::format("{} is a file, expected a folder", path);
  }
  const fs::path inside = fs::path(path) / "run.plumb";
  if (!fs::exists(path, error)) {
    fs::path parent = fs::absolute(path, error).parent_path();
    if (path.back() == '/') parent = parent.parent_path();
    if (const auto problem = output_problem((parent / "run.plumb").string())) {
      return fmt::format("{} cannot be made: {}, expected a folder that can be", path, *problem);
    }
    return "";
  }
  if (const auto problem = output_problem(inside.string())) {
    return fmt::format("{} takes no file: {}, expected a writable folder", path, *problem);
  }
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (output.force || !is_run_file(it->path().string())) continue;
    return fmt::format("{} holds recorded runs; another folder keeps both, --force replaces them",
                       path);
  }
  return "";
}

std::string Outputs::problem_of(const File& output) const {
  if (output.is_folder) return problem_of_folder(output);
  const std::string& path = output.path;
  if (path.empty()) return "an empty name, expected that of a file";
  if (path == "-") {
    return output.may_be_stdout ? "" : "'-', expected the name of a file: it cannot be a stream";
  }
  for (const File& input : inputs_) {
    if (is_same(path, input.path)) {
      return fmt::format("{} is read as {} by this command, expected another file", path,
                         input.what);
    }
  }
  for (const File& folder : folders_) {
    if (fs::exists(path) && looks_like_data(path) && is_inside(path, folder.path)) {
      return fmt::format("{} is read as {} by this command, expected another file", path,
                         folder.what);
    }
  }
  for (const File& other : outputs_) {
    if (&other == &output) break;
    if (other.path != "-" && is_same(path, other.path)) {
      return fmt::format("{} is what {} writes, expected another file", path, other.what);
    }
  }
  const bool is_run = is_run_file(path);
  if (is_run && !output.is_run) {
    return fmt::format("{} is a recorded run, expected another file", path);
  }
  if (is_run && !output.force) {
    return fmt::format("{} is a recorded run; another name keeps both, --force replaces it", path);
  }
  if (const auto problem = output_problem(path)) {
    return fmt::format("{} cannot be written: {}, expected a writable file", path, *problem);
  }
  return "";
}

void Outputs::check() const {
  std::string problems;
  for (const File& output : outputs_) {
    const std::string problem = problem_of(output);
    if (problem.empty()) continue;
    problems += fmt::format("{}{}: {}", problems.empty() ? "" : "\n", output.what, problem);
  }
  if (!problems.empty()) throw SpecError(problems);
}

void write_text(const std::string& path, const std::string& text) {
  if (path.empty() || path == "-") {
    fmt::print("{}", text);
    return;
  }
  if (const auto problem = write_output(path, [&](std::ostream& out) { out << text; })) {
    throw StoreError(fmt::format("{}: cannot be written: {}", path, *problem));
  }
}

}  // namespace plumb::cli
