// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/command_table.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "plumb/core/error.h"
#include "plumb/data/dataset.h"
#include "plumb/lab/experiment.h"
#include "plumb/nn/init.h"
#include "plumb/nn/loss.h"
#include "plumb/nn/spec/presets.h"
#include "plumb/optim/optimiser.h"
#include "plumb/theory/activation_function.h"
#include "plumb/train/config.h"
#include "plumb/zoo/kind.h"

namespace plumb::cli {

namespace {

using Words = std::vector<std::string>;

Words words_of(std::span<const std::string_view> names) { return {names.begin(), names.end()}; }

template <class Table, class Member>
Words column(const Table& table, Member member) {
  Words words;
  for (const auto& row : table) words.emplace_back(row.*member);
  return words;
}

/// Initialisers; "constant:" and others that want a number behind them end in a colon.
Words init_words() {
  Words words = words_of(init_names());
  for (std::string& word : words) {
    try {
      parse_init(word);
    } catch (const SpecError&) {
      word += ':';
    }
  }
  return words;
}

/// Where the words of an option's value come from, by the option's long name.
struct ValueSource {
  std::string_view option;
  Words (*words)();
};

constexpr auto kValueSources = std::to_array<ValueSource>({
    {"init", init_words},
    {"bias-init", init_words},
    {"loss", [] { return words_of(loss_names()); }},
    {"optimiser", [] { return words_of(optimiser_names()); }},
    {"precision", [] { return words_of(precision_names()); }},
    {"data", [] { return source_starts(); }},
    {"activation", [] { return words_of(theory::activation_names()); }},
    // What these take is a form with numbers rather than a name from a table.
    {"schedule",
     [] {
       return Words{"constant", "cosine", "step:"};
     }},
    {"record",
     [] {
       return Words{"log", "every=", "off"};
     }},
});

/// The same for the arguments of a command and of those below it, where they are no files.
constexpr auto kArgumentSources = std::to_array<ValueSource>({
    {"lab",
     [] {
       Words words = column(lab::experiments(), &lab::Experiment::name);
       words.emplace_back("all");
       return words;
     }},
    {"zoo", [] { return column(zoo::kinds(), &zoo::Kind::name); }},
    {"layers", [] { return column(preset_table(), &PresetEntry::name); }},
});

/// "{json,csv}" of an option that takes one of a set, as its help has it.
Words choices(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

Words words_after(const CLI::Option& option) {
  for (const ValueSource& source : kValueSources) {
    if (option.check_lname(std::string(source.option))) return source.words();
  }
  const Setting* setting =
      option.get_lnames().empty() ? nullptr : find_setting(option.get_lnames().front());
  if (setting != nullptr && setting->value == "BOOL") return {"true", "false"};
  return choices(option);
}

/// "FILE" of "FILE:POSITIVE": the name without what checks it.
std::string value_name(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "";
  std::string name = option.get_type_name();
  name = name.substr(0, name.find_first_of(":{"));
  return name.empty() ? "TEXT" : name;
}

OptionInfo option_info(const CLI::Option& option) {
  OptionInfo info;
  for (const std::string& name : option.get_lnames()) info.spellings.push_back("--" + name);
  for (const std::string& name : option.get_snames()) info.spellings.push_back("-" + name);
  info.name = option.get_positional() ? option.get_single_name() : "";
  info.value = value_name(option);
  info.standard = option.get_default_str();
  info.words = words_after(option);
  info.help = option.get_description();
  info.group = option.get_group();
  info.required = option.get_required();
  info.repeats = option.get_items_expected_max() > 1;
  return info;
}

CommandInfo command_info(const CLI::App& app) {
  CommandInfo info;
  info.name = app.get_name();
  info.help = app.get_description();
  info.footer = app.get_footer();
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    (option->nonpositional() ? info.options : info.arguments).push_back(option_info(*option));
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) info.commands.push_back(command_info(*command));
  }
  for (const ValueSource& source : kArgumentSources) {
    if (source.option == info.name) info.argument_words = source.words();
  }
  for (const OptionInfo& argument : info.arguments) {
    info.argument_words.insert(info.argument_words.end(), argument.words.begin(),
                               argument.words.end());
  }
  for (CommandInfo& part : info.commands) {
    const bool is_open = !part.arguments.empty() && part.argument_words.empty();
    if (is_open) part.argument_words = info.argument_words;
  }
  return info;
}

}  // namespace

CommandInfo command_table(const CLI::App& app) { return command_info(app); }

std::vector<OptionInfo> options_with_those_below(const CommandInfo& command) {
  std::vector<OptionInfo> options = command.options;
  for (const CommandInfo& part : command.commands) {
    for (OptionInfo& option : options_with_those_below(part)) {
      const bool known = std::ranges::any_of(
          options, [&](const OptionInfo& other) { return other.spellings == option.spellings; });
      if (!known) options.push_back(std::move(option));
    }
  }
  return options;
}

}  // namespace plumb::cli
