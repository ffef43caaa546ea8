// SPDX-License-Identifier: MIT
#include "move/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <format>

#include "util/error.h"

namespace wayferry {
namespace {

constexpr size_t id_length = 32;

constexpr std::array<std::pair<MoveFate, std::string_view>, 4> fate_names{{
    {MoveFate::unknown, "unknown"},
    {MoveFate::ready, "ready"},
    {MoveFate::mine, "mine"},
    {MoveFate::dropped, "dropped"},
}};

}  // namespace

std::string_view to_string(MoveFate fate) {
  return std::ranges::find(fate_names, fate, [](const auto& e) { return e.first; })->second;
}

std::string make_move_id() {
  std::array<unsigned char, id_length / 2> random;
  check("getrandom", ::getrandom(random.data(), random.size(), 0));
  std::string id;
  for (const unsigned char byte : random) id += std::format("{:02x}", byte);
  return id;
}

bool valid_move_id(std::string_view id) {
  return id.size() == id_length && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

MoveJournal::MoveJournal(const Path& runtime, std::string_view id) {
  if (!valid_move_id(id)) throw ProtocolError("move id", "not 32 hex digits");
  file_ = runtime / ".moves" / id;
  std::filesystem::create_directories(file_.parent_path());
}

MoveFate MoveJournal::read() const {
  const auto text = read_file(file_);
  if (!text) return MoveFate::unknown;
  const auto word = std::string_view(*text).substr(0, text->find('\n'));
  const auto found = std::ranges::find(fate_names, word, [](const auto& e) { return e.second; });
  if (found == fate_names.end()) throw ProtocolError(file_.native(), "not a move's fate");
  return found->first;
}

bool MoveJournal::set_ready() {
  return change({MoveFate::unknown}, MoveFate::ready);
}
bool MoveJournal::claim() {
  return change({MoveFate::ready}, MoveFate::mine);
}
bool MoveJournal::drop() {
  return change({MoveFate::unknown, MoveFate::ready, MoveFate::dropped}, MoveFate::dropped);
}
void MoveJournal::give_back() {
  CHECK(change({MoveFate::mine}, MoveFate::dropped));
}

bool MoveJournal::change(std::initializer_list<MoveFate> from, MoveFate to) {
  // The lock is a file of its own, because the journal's file is replaced at each write.
  const std::string lock_path = file_.native() + ".lock";
  const UniqueFd lock(wayferry::check(
      "open", ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), lock_path));
  wayferry::check("flock", ::flock(lock.get(), LOCK_EX), lock_path);
  if (std::ranges::find(from, read()) == from.end()) return false;
  write_file(file_, std::string(to_string(to)) + "\n");
  return true;
}

}  // namespace wayferry
