// SPDX-License-Identifier: MIT
#include <pugixml.hpp>
#include <set>

#include "ir.h"

namespace wayferry::scanner {
namespace {

const std::set<std::string> arg_types = {"int",    "uint",   "fixed", "string",
                                         "object", "new_id", "array", "fd"};

// Named "serial" but not a value of the compositor's event counter.
const std::set<std::string> not_serials = {
    "zwp_text_input_v3.done",            // counts the app's own commits
    "zwp_text_input_v1.commit_state",    // chosen by the app
    "zwp_text_input_v1.enter",           // an echo of commit_state
    "zwp_text_input_v1.commit_string",   // likewise
    "zwp_text_input_v1.preedit_string",  // likewise
    "zwp_text_input_v1.keysym",          // likewise
    "zwp_text_input_v1.language",        // likewise
    "zwp_text_input_v1.text_direction",  // likewise
    "zwp_text_input_v1.delete_surrounding_text"};

ArgumentIr read_argument(const pugi::xml_node& node, const std::string& message) {
  ArgumentIr arg;
  arg.name = node.attribute("name").as_string();
  arg.type = node.attribute("type").as_string();
  arg.interface = node.attribute("interface").as_string();
  arg.nullable = node.attribute("allow-null").as_bool();
  arg.serial = arg.name == "serial" && arg.type == "uint" && !not_serials.contains(message);
  if (!arg_types.contains(arg.type))
    throw ScanError(message + ": argument " + arg.name + " has unknown type '" + arg.type + "'");
  return arg;
}

MessageIr read_message(const pugi::xml_node& node, const std::string& interface) {
  MessageIr message;
  message.name = node.attribute("name").as_string();
  message.since = node.attribute("since").as_uint(1);
  message.destructor = std::string(node.attribute("type").as_string()) == "destructor";
  for (const auto& arg : node.children("arg"))
    message.args.push_back(read_argument(arg, interface + "." + message.name));
  if (message.args.size() > most_arguments)
    throw ScanError(interface + "." + message.name + " has more than " +
                    std::to_string(most_arguments) + " arguments");
  return message;
}

}  // namespace

void read_xml(const std::string& file, Interfaces& into) {
  pugi::xml_document document;
  const auto result = document.load_file(file.c_str());
  if (!result) throw ScanError(file + ": " + result.description());
  for (const auto& node : document.child("protocol").children("interface")) {
    InterfaceIr interface;
    interface.name = node.attribute("name").as_string();
    interface.version = node.attribute("version").as_uint(1);
    for (const auto& child : node.children("request"))
      interface.requests.push_back(read_message(child, interface.name));
    for (const auto& child : node.children("event"))
      interface.events.push_back(read_message(child, interface.name));
    if (!into.emplace(interface.name, interface).second)
      throw ScanError(file + ": interface " + interface.name + " is described twice");
  }
}

}  // namespace wayferry::scanner
