// SPDX-License-Identifier: Apache-2.0
#include "plumb/cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <ostream>
#include <string_view>

#include "plumb/cli/command.h"
#include "plumb/core/error.h"
#include "plumb/core/output_file.h"
#include "plumb/core/version.h"

namespace plumb::cli {

namespace {

/// Text as roff prints it: no macro at the start of a line, every sign as it was typed.
std::string escaped(std::string_view text) {
  std::string roff;
  bool starts_line = true;
  for (const char letter : text) {
    if (starts_line && (letter == '.' || letter == '\'')) roff += "\\&";
    switch (letter) {
      case '\\': roff += "\\e"; break;
      case '-': roff += "\\-"; break;
      case '\'': roff += "\\(aq"; break;
      case '`': roff += "\\(ga"; break;
      case '^': roff += "\\(ha"; break;
      case '~': roff += "\\(ti"; break;
      case '"': roff += "\\(dq"; break;
      default: roff += letter;
    }
    starts_line = letter == '\n';
  }
  return roff;
}

std::string upper(std::string_view text) {
  std::string letters(text);
  for (char& letter : letters) {
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  }
  return letters;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

std::string option_entry(const OptionInfo& option) {
  std::vector<std::string> spellings;
  for (const std::string& spelling : option.spellings) spellings.push_back(bold(spelling));
  if (spellings.empty()) spellings.push_back(italic(option.name));
  std::string head = fmt::format("{}", fmt::join(spellings, ", "));
  if (!option.spellings.empty() && !option.value.empty()) head += " " + italic(option.value);
  if (option.repeats) head += " ...";
  std::string text = ".TP\n" + head + "\n" + escaped(option.help);
  if (!option.standard.empty()) text += " (standard: " + bold(option.standard) + ")";
  text += "\n";
  if (!option.words.empty()) {
    std::vector<std::string> words;
    for (const std::string& word : option.words) words.push_back(bold(word));
    text += fmt::format(".br\nOne of: {}\n", fmt::join(words, ", "));
  }
  return text;
}

/// The options under their headings, in the order of --help.
std::string option_sections(const CommandInfo& command, std::string_view macro) {
  std::vector<std::string> groups;
  for (const OptionInfo& option : command.options) {
    if (std::ranges::find(groups, option.group) == groups.end()) groups.push_back(option.group);
  }
  std::string text;
  if (!command.arguments.empty()) {
    text += fmt::format("{} ARGUMENTS\n", macro);
    for (const OptionInfo& argument : command.arguments) text += option_entry(argument);
  }
  for (const std::string& group : groups) {
    text += fmt::format("{} \"{}\"\n", macro, upper(escaped(group)));
    for (const OptionInfo& option : command.options) {
      if (option.group == group) text += option_entry(option);
    }
  }
  return text;
}

std::string synopsis(const std::string& name, const CommandInfo& command) {
  std::string text = bold(name);
  if (!command.options.empty()) text += " [" + italic("OPTIONS") + "]";
  for (const OptionInfo& argument : command.arguments) {
    const std::string word = italic(argument.name) + (argument.repeats ? " ..." : "");
    text += argument.required ? " " + word : " [" + word + "]";
  }
  if (!command.commands.empty()) text += " " + italic("COMMAND");
  return text + "\n";
}

/// The words below the options of --help: indented lines are examples, a line with a colon at its
/// end is their heading, the rest are paragraphs.
std::string footer_sections(std::string_view footer) {
  std::string text;
  bool in_example = false;
  bool in_notes = false;
  bool is_apart = false;  ///< an empty line stands before
  for (std::size_t begin = 0; begin < footer.size();) {
    const std::size_t end = std::min(footer.find('\n', begin), footer.size());
    const std::string_view line = footer.substr(begin, end - begin);
    begin = end + 1;
    const bool is_example = line.starts_with("  ");
    if (in_example && !is_example) text += ".EE\n";
    if (!in_example && is_example) text += ".EX\n";
    in_example = is_example;
    if (line.ends_with(":") && line.starts_with("Example")) {
      text += fmt::format(".SH {}\n", upper(escaped(line.substr(0, line.size() - 1))));
      in_notes = false;
    } else if (is_example) {
      text += escaped(line.substr(2)) + "\n";
    } else if (!line.empty()) {
      if (!in_notes) text += ".SH NOTES\n";
      if (in_notes && is_apart) text += ".PP\n";
      in_notes = true;
      text += escaped(line) + "\n";
    }
    is_apart = line.empty();
  }
  return in_example ? text + ".EE\n" : text;
}

std::string page(const std::string& name, const CommandInfo& command, const std::string& see_also) {
  std::string file = name;
  std::ranges::replace(file, ' ', '-');
  std::string text = fmt::format(
      ".\\\" Written by plumb itself from the words of its --help.\n"
      ".TH {} 1 \"\" \"plumb {}\" \"plumb manual\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}",
      upper(escaped(file)), kVersion, escaped(file), escaped(command.help),
      synopsis(name, command));
  if (!command.commands.empty()) {
    text += ".SH COMMANDS\n";
    for (const CommandInfo& part : command.commands) {
      text += ".TP\n" + bold(name + " " + part.name) + "\n" + escaped(part.help) + "\n";
    }
  }
  text += option_sections(command, ".SH");
  return text + footer_sections(command.footer) + see_also;
}

/// The commands below another one are told on its page.
std::string parts(const std::string& name, const CommandInfo& command) {
  std::string text;
  for (const CommandInfo& part : command.commands) {
    text += fmt::format(".SH \"{}\"\n{}{}", upper(escaped(name + " " + part.name)),
                        synopsis(name + " " + part.name, part), option_sections(part, ".SS"));
  }
  return text;
}

}  // namespace

std::vector<ManualPage> manual_pages(const CommandInfo& program) {
  std::vector<std::string> names;
  for (const CommandInfo& command : program.commands) {
    names.push_back(bold("plumb-" + command.name) + "(1)");
  }
  std::vector<ManualPage> pages;
  pages.push_back({"plumb.1", page("plumb", program,
                                   fmt::format(".SH SEE ALSO\n{}\n", fmt::join(names, ",\n")))});
  for (const CommandInfo& command : program.commands) {
    const std::string name = "plumb " + command.name;
    pages.push_back(
        {"plumb-" + command.name + ".1",
         page(name, command, parts(name, command) + ".SH SEE ALSO\n" + bold("plumb") + "(1)\n")});
  }
  return pages;
}

void add_manual(CLI::App& app, int& result) {
  auto* command = app.add_subcommand("manual", "Write the manual pages into a folder");
  command->group("");
  auto folder = std::make_shared<std::string>();
  command->add_option("FOLDER", *folder, "made if it is not there")->required();
  command->callback([&app, folder, &result] {
    std::filesystem::create_directories(*folder);
    for (const ManualPage& page : manual_pages(command_table(app))) {
      const std::string path = (std::filesystem::path(*folder) / page.file).string();
      const auto problem = write_output(path, [&](std::ostream& out) { out << page.text; });
      if (problem) throw DataError(path + " cannot be written: " + *problem);
    }
    result = kOk;
  });
}

}  // namespace plumb::cli
