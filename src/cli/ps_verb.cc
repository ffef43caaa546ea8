// SPDX-License-Identifier: MIT
#include <memory>
#include <nlohmann/json.hpp>
#include <print>

#include "cli/verbs.h"
#include "session/monitor_client.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct Row {
  SessionRecord record;
  nlohmann::json drain;  // how far its memory has come; null: it is not on its way
  std::optional<control::StatusReply> status;  // nothing: its monitor is busy or just ended
};

std::vector<Row> collect(const LocalHost& host) {
  std::vector<Row> rows;
  for (SessionRecord& record : living_sessions(host.store, host.engine)) {
    const Path progress = host.store.folders(record.spec.name).drain();
    // Null if there is none, or if it goes just now.
    auto drain = nlohmann::json::parse(read_file(progress).value_or(""), nullptr, false);
    if (drain.is_discarded()) drain = nullptr;
    Row row{.record = std::move(record), .drain = std::move(drain), .status = std::nullopt};
    try {
      if (auto client = MonitorClient::connect(host.store.folders(row.record.spec.name).control()))
        row.status = client->status();
    } catch (const Failure&) {
      // One monitor without an answer must not hide the list.
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string first_title(const Row& row) {
  return row.status && row.status->titles_size() > 0 ? row.status->titles(0) : "";
}

void print_json(const std::vector<Row>& rows) {
  auto list = nlohmann::json::array();
  for (const Row& row : rows) {
    nlohmann::json entry = to_json(row.record);
    if (row.status)
      entry["monitor"] = {{"display", row.status->display()},
                          {"titles", std::vector<std::string>(row.status->titles().begin(),
                                                              row.status->titles().end())},
                          {"connections", row.status->connections()},
                          {"objects", row.status->objects()},
                          {"messages", row.status->messages()},
                          {"memory_bytes", row.status->memory_bytes()}};
    if (!row.drain.is_null()) entry["drain"] = row.drain;
    list.push_back(std::move(entry));
  }
  std::println("{}", list.dump(2));
}

void print_table(const std::vector<Row>& rows) {
  std::println("{:<20} {:<10} {:>8}  {:<28} {}", "NAME", "STATE", "PID", "COMPOSITOR", "TITLE");
  for (const Row& row : rows)
    std::println("{:<20} {:<10} {:>8}  {:<28} {}", row.record.spec.name,
                 to_string(row.record.state), row.record.init_pid, row.record.compositor,
                 first_title(row));
}

}  // namespace

void add_ps(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("ps", "List the sessions of this host");
  auto json = std::make_shared<bool>(false);
  verb->add_flag("--json", *json, "For scripts");
  verb->callback([&host, json] { (*json ? print_json : print_table)(collect(host)); });
}

}  // namespace wayferry
