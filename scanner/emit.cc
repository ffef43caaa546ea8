// SPDX-License-Identifier: MIT
#include <algorithm>
#include <sstream>

#include "ir.h"

namespace wayferry::scanner {
namespace {

const std::string head =
    "// Made by the scanner from protocol XML, baseline.txt and carry.rules. Not to be edited.\n";

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}
std::string boolean(bool value) {
  return value ? "true" : "false";
}

std::string arg_type(const std::string& type) {
  if (type == "int") return "integer";
  if (type == "uint") return "uinteger";
  return type;
}

std::string args_name(const InterfaceIr& interface, const MessageIr& message, bool event) {
  return interface.name + (event ? "_event_" : "_request_") + message.name;
}

void emit_args(std::ostream& out, const Interfaces& interfaces, const InterfaceIr& interface,
               const MessageIr& message, bool event) {
  if (message.args.empty()) return;
  out << "constexpr Argument " << args_name(interface, message, event) << "[] = {\n";
  for (const ArgumentIr& arg : message.args) {
    const bool known = interfaces.contains(arg.interface);
    if (!arg.interface.empty() && !known)
      throw ScanError(interface.name + "." + message.name + ": no XML describes " + arg.interface);
    out << "    {" << quoted(arg.name) << ", ArgType::" << arg_type(arg.type) << ", "
        << boolean(arg.nullable) << ", " << boolean(arg.serial) << ", "
        << (known ? "&" + arg.interface : "nullptr") << "},\n";
  }
  out << "};\n";
}

void emit_messages(std::ostream& out, const InterfaceIr& interface,
                   const std::vector<MessageIr>& messages, bool event, unsigned& number) {
  if (messages.empty()) return;
  out << "constexpr Message " << interface.name << (event ? "_events" : "_requests") << "[] = {\n";
  for (size_t opcode = 0; opcode < messages.size(); ++opcode) {
    const MessageIr& message = messages[opcode];
    out << "    {" << quoted(message.name) << ", &" << interface.name << ", "
        << (message.args.empty() ? "{}" : args_name(interface, message, event)) << ", " << opcode
        << ", " << message.since << ", " << number++ << ", " << boolean(message.destructor)
        << "},\n";
  }
  out << "};\n";
}

std::string table_or_empty(const InterfaceIr& interface, bool any, const char* suffix) {
  return any ? interface.name + suffix : "{}";
}

int event_opcode(const InterfaceIr& interface, const std::string& event) {
  if (event.empty()) return -1;
  const auto at = std::ranges::find(interface.events, event, &MessageIr::name);
  if (at == interface.events.end())
    throw ScanError("carry.rules: " + interface.name + " has no event " + event);
  return static_cast<int>(at - interface.events.begin());
}

// The interface of the object that a request makes.
const InterfaceIr& made_interface(const Interfaces& interfaces, const MessageIr& message) {
  const auto arg = std::ranges::find(message.args, std::string("new_id"), &ArgumentIr::type);
  return interfaces.at(arg->interface);
}

// A group is known by the opcode of its first message.
size_t group_of(const InterfaceIr& interface, const BlockIr& block, size_t opcode) {
  const auto name = [&](size_t i) {
    const auto rule = block.requests.find(interface.requests[i].name);
    return rule == block.requests.end() || rule->second.words.empty() ? std::string()
                                                                      : rule->second.words[0];
  };
  const std::string group = name(opcode);
  if (group.empty()) return opcode;
  for (size_t i = 0; i < opcode; ++i)
    if (name(i) == group) return i;
  return opcode;
}

void emit_request_rules(std::ostream& out, const Interfaces& interfaces, const Blocks& blocks) {
  out << "constexpr RequestCarry request_rules[] = {\n";
  for (const auto& [name, interface] : interfaces) {
    const auto block = blocks.find(name);
    for (size_t opcode = 0; opcode < interface.requests.size(); ++opcode) {
      if (block == blocks.end()) {
        out << "    {RequestRule::none, 0, -1},\n";
        continue;
      }
      const MessageIr& message = interface.requests[opcode];
      const RuleIr& rule = block->second.requests.at(message.name);
      const bool dismiss = rule.rule == "dismiss";
      out << "    {RequestRule::" << rule.rule << ", "
          << (dismiss ? opcode : group_of(interface, block->second, opcode)) << ", "
          << (dismiss ? event_opcode(made_interface(interfaces, message), rule.words[0]) : -1)
          << "},  // " << name << "." << message.name << "\n";
    }
  }
  out << "};\n";
}

void emit_event_rules(std::ostream& out, const Interfaces& interfaces, const Blocks& blocks) {
  out << "constexpr EventCarry event_rules[] = {\n";
  for (const auto& [name, interface] : interfaces) {
    const auto block = blocks.find(name);
    for (const MessageIr& message : interface.events) {
      if (block == blocks.end()) {
        out << "    {EventRule::none, -1, 0},\n";
        continue;
      }
      const RuleIr& rule = block->second.events.at(message.name);
      out << "    {EventRule::" << rule.rule << ", "
          << (rule.rule == "until" ? event_opcode(interface, rule.words[0]) : -1) << ", "
          << (rule.words.size() > 1 ? rule.words[1] : "0") << "},  // " << name << "."
          << message.name << "\n";
    }
  }
  out << "};\n";
}

void emit_traits(std::ostream& out, const Interfaces& interfaces, const Blocks& blocks) {
  out << "constexpr InterfaceCarry traits[] = {\n";
  for (const auto& [name, block] : blocks)
    out << "    {&protocol::" << name << ", " << boolean(block.value) << ", "
        << boolean(block.lingers) << ", " << quoted(block.applies_at) << ", "
        << event_opcode(interfaces.at(name), block.without) << ", " << block.without_argument
        << "},\n";
  out << "};\n";
}

}  // namespace

std::string emit_opcodes(const Interfaces& interfaces) {
  std::ostringstream out;
  out << head << "#pragma once\n\n#include \"wire/protocol.h\"\n\nnamespace wayferry {\n"
      << "namespace protocol {\n";
  for (const auto& [name, interface] : interfaces)
    out << "extern const Interface " << name << ";\n";
  out << "}  // namespace protocol\n";
  for (const bool event : {false, true}) {
    out << "\nnamespace " << (event ? "event" : "request") << " {\n";
    for (const auto& [name, interface] : interfaces) {
      const auto& messages = event ? interface.events : interface.requests;
      if (messages.empty()) continue;
      out << "namespace " << name << " {\nenum : uint16_t {";
      for (const MessageIr& message : messages) out << " " << message.name << ",";
      out << " };\n}\n";
    }
    out << "}\n";
  }
  out << "}  // namespace wayferry\n";
  return out.str();
}

std::string emit_protocol(const Interfaces& interfaces, const Baseline& baseline) {
  std::ostringstream out;
  out << head << "#include \"wire/opcodes.gen.h\"\n\nnamespace wayferry {\nnamespace protocol {\n"
      << "namespace {\n";
  unsigned requests = 0;
  unsigned events = 0;
  for (const auto& [name, interface] : interfaces) {
    for (const MessageIr& message : interface.requests)
      emit_args(out, interfaces, interface, message, false);
    for (const MessageIr& message : interface.events)
      emit_args(out, interfaces, interface, message, true);
    emit_messages(out, interface, interface.requests, false, requests);
    emit_messages(out, interface, interface.events, true, events);
  }
  out << "}  // namespace\n";
  for (const auto& [name, interface] : interfaces)
    out << "constexpr Interface " << name << " = {" << quoted(name) << ", " << interface.version
        << ", " << table_or_empty(interface, !interface.requests.empty(), "_requests") << ", "
        << table_or_empty(interface, !interface.events.empty(), "_events") << "};\n";
  out << "}  // namespace protocol\n\nnamespace {\nconstexpr const Interface* all[] = {\n";
  for (const auto& [name, interface] : interfaces) out << "    &protocol::" << name << ",\n";
  out << "};\nconstexpr BaselineGlobal offered[] = {\n";
  for (const auto& [name, version, required] : baseline)
    out << "    {&protocol::" << name << ", " << version << ", " << boolean(required) << "},\n";
  out << "};\n}  // namespace\n\nstd::span<const Interface* const> all_interfaces() { return all; "
         "}\n"
      << "std::span<const BaselineGlobal> baseline() { return offered; }\n}  // namespace "
         "wayferry\n";
  return out.str();
}

std::string emit_carry(const Interfaces& interfaces, const Blocks& blocks) {
  std::ostringstream out;
  out << head << "#include \"model/carry.h\"\n#include \"wire/opcodes.gen.h\"\n\n"
      << "namespace wayferry {\nnamespace {\n";
  emit_request_rules(out, interfaces, blocks);
  emit_event_rules(out, interfaces, blocks);
  emit_traits(out, interfaces, blocks);
  out << "}  // namespace\n\n"
      << "std::span<const RequestCarry> all_request_rules() { return request_rules; }\n"
      << "std::span<const EventCarry> all_event_rules() { return event_rules; }\n"
      << "std::span<const InterfaceCarry> all_traits() { return traits; }\n"
      << "}  // namespace wayferry\n";
  return out.str();
}

}  // namespace wayferry::scanner
