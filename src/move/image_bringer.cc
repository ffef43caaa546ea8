// SPDX-License-Identifier: MIT
#include "move/image_bringer.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ranges>

#include "move/archive.h"
#include "move/ssh.h"
#include "util/error.h"
#include "util/heap.h"

namespace wayferry {
namespace {

bool has(const std::string& host, const ImageCommands& commands) {
  return run(ssh_command(host, {commands.has})).status == 0;
}

// podman leaves it out.
std::string without_algorithm(std::string digest) {
  while (digest.ends_with('\n')) digest.pop_back();
  constexpr std::string_view algorithm = "sha256:";
  return digest.starts_with(algorithm) ? digest.substr(algorithm.size()) : digest;
}

// It would take the name away from theirs.
void require_free_name(const std::string& host, const ImageCommands& commands,
                       const std::string& digest) {
  if (commands.name.empty()) return;
  const Output found = run(ssh_command(host, {commands.find}));
  if (found.status != 0) return;  // nothing bears it
  const std::string theirs = without_algorithm(found.out);
  const std::string ours = without_algorithm(digest);
  if (theirs != ours)
    throw Failure(host,
                  "its image " + commands.name + " is another one: sha256:" + theirs +
                      ", while the app runs from sha256:" + ours,
                  "give one of them another name, or bring them to the same version");
}

std::vector<std::string> layers_of(const std::string& line) {
  std::vector<std::string> layers;
  const auto list = nlohmann::json::parse(line, nullptr, false);
  if (!list.is_array()) return layers;
  for (const auto& layer : list)
    layers.push_back(without_algorithm(layer.is_string() ? layer.get<std::string>() : ""));
  return layers;
}

std::set<std::string> find_layers_there(const std::string& host, const ImageCommands& commands) {
  if (commands.own_layers.empty()) return {};
  const std::string own = run({"sh", "-c", commands.own_layers}).out;
  return layers_there(own, run(ssh_command(host, {commands.all_layers})).out);
}

constexpr std::chrono::seconds progress_pause{1};

// A stream of pieces that calls back while it waits.
class Incoming {
 public:
  Incoming(int fd, const ImageProgress& progress, const uint64_t& sent)
      : fd_(fd), progress_(progress), sent_(sent) {}

  std::string next() const {
    while (!wait_readable(fd_, progress_pause)) progress_(sent_);
    std::string piece(65536, '\0');
    piece.resize(read_full(fd_, std::as_writable_bytes(std::span(piece))));
    return piece;
  }

 private:
  int fd_;
  const ImageProgress& progress_;
  const uint64_t& sent_;
};

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

/// Whether an entry of a saved image is one of the layers: podman and docker name it by its digest.
bool is_one_of(const std::set<std::string>& layers, std::string_view entry) {
  return layers.contains(std::string(base_name(entry)));
}

void copy_entries(const PieceSource& from, ArchiveOut& to, const std::set<std::string>& left_out) {
  ArchiveIn in(from, "the saved image");
  archive_read_support_format_tar(in.get());
  in.open();
  archive_write_set_format_pax_restricted(to.get());
  to.open();
  while (archive_entry* entry = in.next_entry()) {
    const std::string name = archive_entry_pathname(entry);
    if (is_one_of(left_out, name)) continue;
    to.checked(archive_write_header(to.get(), entry), name);
    for (std::string piece = in.read(longest_piece); !piece.empty(); piece = in.read(longest_piece))
      to.write(piece, name);
    to.checked(archive_write_finish_entry(to.get()), name);
  }
  to.close();
  in.skip_rest();
}

/// Passes a saved image on without some layers; the bytes passed on.
uint64_t pass_on(int from, int to, const std::set<std::string>& left_out,
                 const ImageProgress& progress) {
  uint64_t sent = 0;
  const Incoming incoming(from, progress, sent);
  const PieceSource next = [&] { return incoming.next(); };
  const PieceSink put = [&](std::string_view piece) {
    write_all(to, piece);
    sent += piece.size();
    progress(sent);
  };
  if (!left_out.empty()) {
    ArchiveOut out(put);
    copy_entries(next, out, left_out);
    return sent;
  }
  for (std::string piece = next(); !piece.empty(); piece = next()) put(piece);
  return sent;
}

int wait_for(Child& child, uint64_t total, const ImageProgress& progress) {
  while (!wait_readable(child.pidfd(), progress_pause)) progress(total);
  return child.wait();
}

uint64_t send(const std::string& host, const ImageCommands& commands,
              const std::set<std::string>& left_out, const ImageProgress& progress) {
  auto [saved, save_into] = make_pipe();
  auto [load_from, loaded] = make_pipe();
  Child save =
      spawn({"sh", "-c", commands.save}, {.fds = {{1, save_into.get()}, {2, STDERR_FILENO}}});
  Child load = spawn(
      ssh_command(host, {commands.load}),
      {.fds = {{0, load_from.get()}, {2, STDERR_FILENO}}, .environment = keeping_freed_memory()});
  save_into.reset();
  load_from.reset();
  const uint64_t bytes = pass_on(saved.get(), loaded.get(), left_out, progress);
  loaded.reset();
  if (wait_for(save, bytes, progress) != 0)
    throw Failure("", "cannot read the image: " + commands.save);
  if (wait_for(load, bytes, progress) != 0)
    throw Failure(host, "cannot take the image: " + commands.load, "see what it said above");
  return bytes;
}

}  // namespace

std::set<std::string> layers_there(const std::string& own, const std::string& all) {
  const std::vector<std::string> layers = layers_of(own);
  std::ptrdiff_t there = 0;
  for (const auto line : std::views::split(all, '\n')) {
    const std::vector<std::string> other = layers_of({line.begin(), line.end()});
    const auto differ = std::ranges::mismatch(layers, other).in1;
    there = std::max(there, differ - layers.begin());
  }
  return {layers.begin(), layers.begin() + there};
}

uint64_t bring_image(Engine& engine, const ContainerSpec& spec, const std::string& host,
                     const ImageProgress& progress) {
  if (spec.base_kind != "image") return 0;
  const ImageCommands commands = engine.image_commands(spec.base);
  if (has(host, commands)) return 0;
  require_free_name(host, commands, spec.base);
  const auto there = find_layers_there(host, commands);
  spdlog::info("{} has no image {}: bringing it, without {} layers that are there", host, spec.base,
               there.size());
  const uint64_t bytes = send(host, commands, there, progress);
  if (!has(host, commands))
    throw Failure(
        host, "the image " + spec.base + " was sent and is not there",
        "bring it by hand: " + commands.save + " | ssh " + host + " '" + commands.load + "'");
  return bytes;
}

}  // namespace wayferry
