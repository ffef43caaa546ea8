// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include <format>
#include <print>

namespace wayferry {
namespace {

std::vector<const CLI::App*> shown_verbs(const CLI::App& root) {
  return root.get_subcommands([](const CLI::App* verb) { return !verb->get_group().empty(); });
}

/// "-f", "--follow" …
std::vector<std::string> flags_of(const CLI::App& verb) {
  std::vector<std::string> flags;
  for (const CLI::Option* option : verb.get_options()) {
    if (option->get_group().empty()) continue;
    for (const std::string& name : option->get_snames()) flags.push_back("-" + name);
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

std::string join(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  return line;
}

std::string verb_names(const CLI::App& root) {
  std::vector<std::string> names;
  for (const CLI::App* verb : shown_verbs(root)) names.push_back(verb->get_name());
  return join(names);
}

/// A single-quoted word of a shell.
std::string quoted(std::string text) {
  for (size_t at = 0; (at = text.find('\'', at)) != text.npos; at += 4)
    text.replace(at, 1, "'\\''");
  return "'" + text + "'";
}

// Session names where a session is asked for; everything else falls back to file names.
constexpr std::string_view sessions_command =
    "wayferry ps 2>/dev/null | while read -r name rest; do [ \"$name\" = NAME ] || echo \"$name\"; "
    "done";

std::string bash_script(const CLI::App& root) {
  std::string script = std::format(
      "# bash completion for wayferry, generated\n"
      "_wayferry() {{\n"
      "  local word=${{COMP_WORDS[COMP_CWORD]}} words=\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then words='{}'; else\n"
      "    case ${{COMP_WORDS[1]}} in\n",
      verb_names(root));
  for (const CLI::App* verb : shown_verbs(root))
    script += std::format("      {}) words='{}' ;;\n", verb->get_name(), join(flags_of(*verb)));
  script += std::format(
      "    esac\n"
      "    case ${{COMP_WORDS[1]}} in move|switch|stop|logs|inspect|resolve)\n"
      "      [ \"$COMP_CWORD\" = 2 ] && words+=\" $({})\" ;;\n"
      "    esac\n"
      "  fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "}}\n"
      "complete -o default -F _wayferry wayferry\n",
      sessions_command);
  return script;
}

std::string zsh_script(const CLI::App& root) {
  std::string script =
      "#compdef wayferry\n"
      "local -a verbs\n"
      "verbs=(\n";
  for (const CLI::App* verb : shown_verbs(root))
    script += "  " + quoted(verb->get_name() + ":" + verb->get_description()) + "\n";
  script +=
      ")\n"
      "if (( CURRENT == 2 )); then _describe 'verb' verbs; return; fi\n"
      "case $words[2] in\n";
  for (const CLI::App* verb : shown_verbs(root))
    script += std::format("  {}) compadd -- {} ;;\n", verb->get_name(), join(flags_of(*verb)));
  script += std::format(
      "esac\n"
      "case $words[2] in move|switch|stop|logs|inspect|resolve)\n"
      "  (( CURRENT == 3 )) && compadd -- $({}) ;;\n"
      "esac\n"
      "_files\n",
      sessions_command);
  return script;
}

std::string fish_option(const CLI::App& verb, const CLI::Option& option) {
  std::string line =
      std::format("complete -c wayferry -n '__fish_seen_subcommand_from {}'", verb.get_name());
  for (const std::string& name : option.get_snames()) line += " -s " + name;
  for (const std::string& name : option.get_lnames()) line += " -l " + name;
  if (option.get_items_expected_max() > 0) line += " -r";
  return line + " -d " + quoted(option.get_description()) + "\n";
}

std::string fish_script(const CLI::App& root) {
  std::string script = "# fish completion for wayferry, generated\n";
  for (const CLI::App* verb : shown_verbs(root)) {
    script += std::format("complete -c wayferry -n __fish_use_subcommand -f -a {} -d {}\n",
                          verb->get_name(), quoted(verb->get_description()));
    for (const CLI::Option* option : verb->get_options())
      if (!option->get_positional() && !option->get_group().empty())
        script += fish_option(*verb, *option);
  }
  script += std::format(
      "complete -c wayferry -n '__fish_seen_subcommand_from move switch stop logs inspect resolve' "
      "-f -a "
      "{}\n",
      quoted(std::format("(sh -c {})", quoted(std::string(sessions_command)))));
  return script;
}

}  // namespace

std::string completion_script(const CLI::App& root, const std::string& shell) {
  if (shell == "bash") return bash_script(root);
  if (shell == "zsh") return zsh_script(root);
  return fish_script(root);
}

void add_completion_option(CLI::App& root) {
  root.add_option_function<std::string>(
          "--generate-completion",
          [&root](const std::string& shell) {
            std::print("{}", completion_script(root, shell));
            throw CLI::Success();
          },
          "Print a completion script")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->type_name("SHELL")
      ->trigger_on_parse()
      ->group("");
}

}  // namespace wayferry
