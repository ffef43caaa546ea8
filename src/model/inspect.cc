// SPDX-License-Identifier: MIT
#include "model/inspect.h"

#include <nlohmann/json.hpp>

#include "model/save.h"

namespace wayferry {
namespace {

using Json = nlohmann::ordered_json;

std::string name_of(const Object& object) {
  return std::string(object.interface->name) + "#" + std::to_string(raw(object.slot));
}

std::string record_text(const Object& object, const Recorded& recorded, const Message& message) {
  Decoded decoded;
  decode(message, bytes_of(recorded.body), decoded);
  return describe(raw(object.slot), message, decoded);
}

Json records_json(const Object& object, const std::vector<Recorded>& records,
                  std::span<const Message> messages) {
  Json list = Json::array();
  for (const Recorded& recorded : records)
    list.push_back(record_text(object, recorded, messages[recorded.opcode]));
  return list;
}

Json object_json(Connection& connection, const Object& object) {
  static constexpr const char* lives[] = {"alive", "destroyed", "gone"};
  Json json{{"object", name_of(object)},
            {"app_id", raw(object.app_id)},
            {"version", object.version},
            {"life", lives[std::to_underlying(object.life)]}};
  if (object.maker != Slot::none) {
    const Object& maker = connection.objects.at(object.maker);
    json["made_by"] =
        record_text(maker, object.creation, maker.interface->requests[object.creation.opcode]);
  }
  const auto add = [&](const char* key, const std::vector<Recorded>& records,
                       std::span<const Message> messages) {
    if (!records.empty()) json[key] = records_json(object, records, messages);
  };
  add("state", object.log, object.interface->requests);
  add("pending", object.pending, object.interface->requests);
  add("at_focus", object.focus, object.interface->requests);
  add("told", object.told, object.interface->events);
  return json;
}

Json connection_json(const state::Connection& from) {
  const std::vector<std::shared_ptr<PoolFile>> files(static_cast<size_t>(from.files_size()));
  const auto connection = load_connection(from, files);
  Json json{{"pid", from.pid()},
            {"fd", from.fd()},
            {"last_serial", from.last_serial()},
            {"unread_event_bytes", from.unread_events().size()}};
  for (const VirtualGlobal& global : connection->globals)
    json["globals"][std::string(global.interface->name)] = global.version;
  json["objects"] = Json::array();
  for (const Object* object : connection->objects.in_order())
    json["objects"].push_back(object_json(*connection, *object));
  return json;
}

}  // namespace

std::string state_to_json(std::string_view state) {
  const state::Session session = parse_session(state);
  Json json{{"format", session.format()}, {"program_version", session.program_version()}};
  json["connections"] = Json::array();
  for (const auto& connection : session.connections())
    json["connections"].push_back(connection_json(connection));
  // An app may say anything, also what is no UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace wayferry
