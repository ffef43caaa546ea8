// SPDX-License-Identifier: MIT
#include <algorithm>
#include <format>
#include <fstream>
#include <set>
#include <sstream>

#include "ir.h"

namespace wayferry::scanner {
namespace {

using Words = std::vector<std::string>;

struct Line {
  std::string at;  // file:line, for messages
  bool indented = false;
  Words words;
};

std::vector<Line> read_lines(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) throw ScanError(file + ": cannot be read");
  std::vector<Line> lines;
  std::string text;
  for (unsigned number = 1; std::getline(stream, text); ++number) {
    text.erase(std::min(text.find('#'), text.size()));
    Line line{file + ":" + std::to_string(number), text.starts_with(' '), {}};
    std::istringstream words(text);
    for (std::string word; words >> word;) line.words.push_back(word);
    if (!line.words.empty()) lines.push_back(std::move(line));
  }
  return lines;
}

BlockIr read_traits(const Line& line) {
  BlockIr block;
  for (size_t i = 1; i < line.words.size(); ++i) {
    const std::string& word = line.words[i];
    const bool has_next = i + 1 < line.words.size();
    if (word == "value") {
      block.value = true;
    } else if (word == "lingers") {
      block.lingers = true;
    } else if (word == "applies-at" && has_next) {
      block.applies_at = line.words[++i];
    } else if (word == "without" && has_next) {
      block.without = line.words[++i];
      if (i + 1 < line.words.size() && std::isdigit(line.words[i + 1][0]))
        block.without_argument = line.words[++i];
    } else {
      throw ScanError(line.at + ": unknown trait '" + word + "'");
    }
  }
  return block;
}

void read_rule(const Line& line, BlockIr& block) {
  Words words = line.words;
  const bool event = words[0] == ">";
  if (event) words.erase(words.begin());
  if (words.size() < 2) throw ScanError(line.at + ": a message needs a rule");
  auto& rules = event ? block.events : block.requests;
  if (!rules.emplace(words[0], RuleIr{words[1], {words.begin() + 2, words.end()}}).second)
    throw ScanError(line.at + ": " + words[0] + " has a rule already");
}

struct RuleShape {
  size_t least_words, most_words;
};
const std::map<std::string, RuleShape> request_rules = {
    {"create", {0, 0}}, {"dismiss", {1, 1}}, {"destroy", {0, 0}}, {"latest", {0, 1}},
    {"append", {0, 0}}, {"grow", {0, 0}},    {"each", {0, 0}},    {"pending", {0, 1}},
    {"drop", {0, 0}},   {"focus", {0, 0}},   {"code", {0, 1}}};
const std::map<std::string, RuleShape> event_rules = {{"pass", {0, 0}},  {"stream", {0, 0}},
                                                      {"until", {1, 2}}, {"ends", {0, 0}},
                                                      {"null", {0, 0}},  {"code", {0, 0}}};

bool makes_object(const MessageIr& message) {
  return std::ranges::any_of(message.args, [](const auto& a) { return a.type == "new_id"; });
}

void check_rule(const std::string& at, const RuleIr& rule,
                const std::map<std::string, RuleShape>& known) {
  const auto shape = known.find(rule.rule);
  if (shape == known.end()) throw ScanError(at + ": unknown rule '" + rule.rule + "'");
  if (rule.words.size() < shape->second.least_words || rule.words.size() > shape->second.most_words)
    throw ScanError(at + ": rule '" + rule.rule + "' has a wrong number of words");
}

void check_request(const std::string& at, const MessageIr& message, const RuleIr& rule) {
  check_rule(at, rule, request_rules);
  if (rule.rule == "code") return;
  const bool creates = rule.rule == "create" || rule.rule == "dismiss";
  if (creates != makes_object(message))
    throw ScanError(at + ": 'create' and 'dismiss' go with requests that make an object, only");
  if ((rule.rule == "destroy") != message.destructor)
    throw ScanError(at + ": 'destroy' goes with destructors, only");
  const bool kept = rule.rule != "drop" && rule.rule != "destroy";
  if (kept && std::ranges::count(message.args, std::string("fd"), &ArgumentIr::type) > 1)
    throw ScanError(at + ": what is kept has one descriptor at most");
}

template <typename Check>
void check_messages(const std::string& interface, const std::vector<MessageIr>& messages,
                    const std::map<std::string, RuleIr>& rules, const std::string& mark,
                    Check check) {
  const std::string where = "carry.rules: " + interface;
  std::set<std::string> seen;
  for (const MessageIr& message : messages) {
    std::string at = where;
    at += mark + message.name;
    const auto rule = rules.find(message.name);
    if (rule == rules.end()) throw ScanError(at + " has no rule");
    check(at, message, rule->second);
    seen.insert(message.name);
  }
  for (const auto& [name, rule] : rules)
    if (!seen.contains(name)) throw ScanError(std::format("{} has no message {}", where, name));
}

// Every interface an app can get an object of, starting from wl_display and the baseline.
std::set<std::string> reachable(const Interfaces& interfaces, const Baseline& baseline) {
  std::set<std::string> found;
  Words todo = {"wl_display"};
  for (const BaselineIr& global : baseline) todo.push_back(global.interface);
  while (!todo.empty()) {
    const std::string name = todo.back();
    todo.pop_back();
    const auto at = interfaces.find(name);
    if (at == interfaces.end() || !found.insert(name).second) continue;
    for (const auto* messages : {&at->second.requests, &at->second.events})
      for (const MessageIr& message : *messages)
        for (const ArgumentIr& arg : message.args)
          if (arg.type == "new_id" && !arg.interface.empty()) todo.push_back(arg.interface);
  }
  return found;
}

}  // namespace

Baseline read_baseline(const std::string& file) {
  Baseline baseline;
  for (const Line& line : read_lines(file)) {
    const bool required = line.words.size() == 3 && line.words[2] == "required";
    if (line.words.size() != (required ? 3 : 2))
      throw ScanError(line.at + ": expected 'interface version [required]'");
    baseline.push_back({line.words[0], static_cast<unsigned>(std::stoul(line.words[1])), required});
  }
  return baseline;
}

Blocks read_rules(const std::string& file) {
  Blocks blocks;
  BlockIr* current = nullptr;
  for (const Line& line : read_lines(file)) {
    if (!line.indented) {
      const auto [at, added] = blocks.emplace(line.words[0], read_traits(line));
      if (!added) throw ScanError(line.at + ": " + line.words[0] + " has a block already");
      current = &at->second;
    } else if (current) {
      read_rule(line, *current);
    } else {
      throw ScanError(line.at + ": a rule before the first interface");
    }
  }
  return blocks;
}

void check_rules(const Interfaces& interfaces, const Baseline& baseline, const Blocks& blocks) {
  for (const auto& [name, version, required] : baseline) {
    const auto at = interfaces.find(name);
    if (at == interfaces.end()) throw ScanError("baseline: no XML describes " + name);
    if (version < 1 || version > at->second.version)
      throw ScanError("baseline: " + name + " has no version " + std::to_string(version));
  }
  for (const std::string& name : reachable(interfaces, baseline)) {
    const InterfaceIr& interface = interfaces.at(name);
    static const BlockIr none;
    const auto block = blocks.find(name);
    const BlockIr& rules = block == blocks.end() ? none : block->second;
    check_messages(name, interface.requests, rules.requests, ".", check_request);
    check_messages(name, interface.events, rules.events, " > ",
                   [](const std::string& at, const MessageIr&, const RuleIr& rule) {
                     check_rule(at, rule, event_rules);
                   });
  }
  for (const auto& [name, block] : blocks)
    if (!interfaces.contains(name)) throw ScanError("carry.rules: no XML describes " + name);
}

}  // namespace wayferry::scanner
