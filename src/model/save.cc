// SPDX-License-Identifier: MIT
#include "model/save.h"

#include <algorithm>

namespace wayferry {
namespace {

void save_record(const Recorded& recorded, state::Recorded& into, FileList& files) {
  into.set_sequence(recorded.sequence);
  into.set_opcode(recorded.opcode);
  into.set_strong(recorded.strong);
  into.set_body(recorded.body);
  into.set_file(files.add(recorded.file));
}

template <typename Field>
void save_records(const std::vector<Recorded>& records, Field* into, FileList& files) {
  for (const Recorded& recorded : records) save_record(recorded, *into->Add(), files);
}

void save_object(const Object& object, state::Object& into, FileList& files) {
  into.set_slot(raw(object.slot));
  into.set_app_id(object.life == Life::gone ? 0 : raw(object.app_id));
  into.set_interface(std::string(object.interface->name));
  into.set_version(object.version);
  into.set_life(std::to_underlying(object.life));
  into.set_maker(raw(object.maker));
  save_record(object.creation, *into.mutable_creation(), files);
  into.set_awaits_commit(object.awaits_commit);
  into.set_awaits_parent(object.awaits_parent);
  save_records(object.log, into.mutable_log(), files);
  save_records(object.cached, into.mutable_cached(), files);
  save_records(object.pending, into.mutable_pending(), files);
  save_records(object.focus, into.mutable_focus(), files);
  save_records(object.told, into.mutable_told(), files);
  for (const Slot slot : object.stack) into.add_stack(raw(slot));
  for (const Slot slot : object.stack_cached) into.add_stack_cached(raw(slot));
  for (const Slot slot : object.stack_now) into.add_stack_now(raw(slot));
  for (const Slot slot : object.lingering) into.add_lingering(raw(slot));
  for (const Slot slot : object.lingering_cached) into.add_lingering_cached(raw(slot));
  into.set_committed(object.committed);
  into.set_waits(object.waits);
  into.set_busy(object.busy);
  into.set_capabilities(object.capabilities);
  into.set_told_configure(object.told_configure);
  into.set_commits(object.commits);
  into.set_dragged(object.dragged);
}

}  // namespace

uint32_t FileList::add(const std::shared_ptr<PoolFile>& file) {
  if (!file) return 0;
  const auto known = std::ranges::find(files_, file);
  if (known != files_.end()) return static_cast<uint32_t>(known - files_.begin() + 1);
  files_.push_back(file);
  state::File& into = *into_.add_files();
  into.set_kind(std::to_underlying(file->place.kind));
  into.set_pid(file->place.pid);
  into.set_start(file->place.start);
  into.set_end(file->place.end);
  return static_cast<uint32_t>(files_.size());
}

void save_connection(Connection& connection, state::Connection& into, FileList& files) {
  into.set_last_serial(connection.serials.last_given());
  into.set_sequence(connection.sequence());
  into.set_app_id_end(connection.objects.app_id_end());
  for (const VirtualGlobal& global : connection.globals) {
    state::Global& saved = *into.add_globals();
    saved.set_name(global.name);
    saved.set_interface(std::string(global.interface->name));
    saved.set_version(global.version);
    saved.set_withdrawn(global.withdrawn);
  }
  for (const Object* object : connection.objects.in_order())
    save_object(*object, *into.add_objects(), files);
}

}  // namespace wayferry
