// SPDX-License-Identifier: MIT
#include "move/survey.h"

#include <format>

#include "move/foreign_sockets.h"
#include "util/error.h"

namespace wayferry {
namespace {

void require_moving_address(const ContainerSpec& spec) {
  if (address_moves(spec)) return;
  throw Failure("",
                "TCP connections cannot be kept, because the address that the app has on its "
                "network (" +
                    spec.network + ") does not move with it",
                "move it without --tcp, or run it with --engine runc --network "
                "macvlan:DEVICE,ADDRESS/LENGTH");
}

void note_connections(Survey& survey, const ContainerSpec& spec,
                      const std::vector<pid_t>& processes, bool keep) {
  // A container without a network has none, and its moves need not ask.
  if (spec.network == "none" || processes.empty()) return;
  if (const size_t count = established_connections(processes[0]); count > 0)
    survey.notes.push_back(
        std::format("{} TCP connection(s) were {}", count,
                    keep ? "kept: the address moved along" : "closed: the app sees a reset"));
}

void scan_trees(Survey& survey, const Engine& engine, const ContainerDirs& dirs) {
  const auto in_memory = engine.run_folder(dirs);
  for (const Path& folder : travelling_folders(engine, dirs, survey.volumes)) {
    const FileTree& tree = survey.trees.emplace_back(folder);
    if (folder != in_memory) survey.file_bytes += tree.size();
  }
}

}  // namespace

Survey survey_session(const LocalHost& here, Engine& engine, const SessionRecord& record,
                      const MoveRequest& request) {
  if (request.keep_tcp) require_moving_address(record.spec);
  Survey survey;
  survey.volumes = plan_volumes(engine, record.spec, request.volumes);
  const auto processes = engine.processes(request.name);
  if (!request.close_foreign) require_no_foreign_sockets(processes);
  note_connections(survey, record.spec, processes, request.keep_tcp);
  scan_trees(survey, engine, here.store.folders(request.name).container());
  survey.memory = memory_of(processes);
  survey.facts = gather_facts(here.store.roots());
  return survey;
}

}  // namespace wayferry
