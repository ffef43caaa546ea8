// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

// What the scanner reads: protocol descriptions (XML), the baseline and the carry rules, as plain
// values. It knows nothing of C++; emit.cc turns it into tables. Any mistake in an input ends the
// build with file, line or message name.

namespace wayferry::scanner {

struct ScanError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a message can have: wire/decode.h's max_args.
constexpr size_t most_arguments = 28;

struct ArgumentIr {
  std::string name;
  std::string type;       // as in the XML
  std::string interface;  // "" = any
  bool nullable = false;
  bool serial = false;
};

struct MessageIr {
  std::string name;
  std::vector<ArgumentIr> args;
  unsigned since = 1;
  bool destructor = false;
};

struct InterfaceIr {
  std::string name;
  unsigned version = 1;
  std::vector<MessageIr> requests;
  std::vector<MessageIr> events;
};

/// One line of a block of carry.rules: the rule's name and its words.
struct RuleIr {
  std::string rule;
  std::vector<std::string> words;
};

/// One block of carry.rules.
struct BlockIr {
  bool value = false;
  bool lingers = false;
  std::string applies_at;
  std::string without;  // event, "" = silent
  std::string without_argument = "0";
  std::map<std::string, RuleIr> requests;
  std::map<std::string, RuleIr> events;
};

using Interfaces = std::map<std::string, InterfaceIr>;
using Blocks = std::map<std::string, BlockIr>;

/// One line of baseline.txt.
struct BaselineIr {
  std::string interface;
  unsigned version = 1;
  bool required = false;
};
using Baseline = std::vector<BaselineIr>;

void read_xml(const std::string& file, Interfaces& into);
Baseline read_baseline(const std::string& file);
Blocks read_rules(const std::string& file);

/// Throws unless every baseline global exists in that version and every message of every interface
/// that an app can reach has exactly one fitting rule.
void check_rules(const Interfaces& interfaces, const Baseline& baseline, const Blocks& blocks);

std::string emit_protocol(const Interfaces& interfaces, const Baseline& baseline);
std::string emit_opcodes(const Interfaces& interfaces);
std::string emit_carry(const Interfaces& interfaces, const Blocks& blocks);

}  // namespace wayferry::scanner
