// SPDX-License-Identifier: MIT
#include "move/image_bringer.h"

#include <spdlog/spdlog.h>

#include <array>

#include "move/ssh.h"
#include "util/error.h"

namespace wayferry {
namespace {

bool has(const std::string& host, const ImageCommands& commands) {
  return run(ssh_command(host, commands.has)).status == 0;
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
  const Output found = run(ssh_command(host, commands.find));
  if (found.status != 0) return;  // nothing bears it
  const std::string theirs = without_algorithm(found.out);
  const std::string ours = without_algorithm(digest);
  if (theirs != ours)
    throw Failure(host,
                  "its image " + commands.name + " is another one: sha256:" + theirs +
                      ", while the app runs from sha256:" + ours,
                  "give one of them another name, or bring them to the same version");
}

constexpr std::chrono::seconds progress_pause{1};

uint64_t copy(int from, int to, const ImageProgress& progress) {
  std::array<std::byte, 65536> block;
  uint64_t total = 0;
  while (true) {
    while (!wait_readable(from, progress_pause)) progress(total);
    const size_t n = read_full(from, block);
    if (n == 0) return total;
    write_all(to, std::span(block).first(n));
    total += n;
    progress(total);
  }
}

int wait_for(Child& child, uint64_t total, const ImageProgress& progress) {
  while (!wait_readable(child.pidfd(), progress_pause)) progress(total);
  return child.wait();
}

uint64_t send(const std::string& host, const ImageCommands& commands,
              const ImageProgress& progress) {
  auto [saved, save_into] = make_pipe();
  auto [load_from, loaded] = make_pipe();
  Child save = spawn(commands.save, {.fds = {{1, save_into.get()}, {2, STDERR_FILENO}}});
  Child load =
      spawn(ssh_command(host, commands.load), {.fds = {{0, load_from.get()}, {2, STDERR_FILENO}}});
  save_into.reset();
  load_from.reset();
  const uint64_t bytes = copy(saved.get(), loaded.get(), progress);
  loaded.reset();
  if (wait_for(save, bytes, progress) != 0) throw Failure("", "cannot read the image: " + join_command(commands.save));
  if (wait_for(load, bytes, progress) != 0)
    throw Failure(host, "cannot take the image: " + join_command(commands.load),
                  "see what it said above");
  return bytes;
}

}  // namespace

uint64_t bring_image(Engine& engine, const ContainerSpec& spec, const std::string& host,
                     const ImageProgress& progress) {
  if (spec.base_kind != "image") return 0;
  const ImageCommands commands = engine.image_commands(spec.base);
  if (has(host, commands)) return 0;
  require_free_name(host, commands, spec.base);
  spdlog::info("{} has no image {}: bringing it", host, spec.base);
  const uint64_t bytes = send(host, commands, progress);
  if (!has(host, commands))
    throw Failure(host, "the image " + spec.base + " was sent and is not there",
                  "bring it by hand: " + join_command(commands.save) + " | ssh " + host + " " +
                      join_command(commands.load));
  return bytes;
}

}  // namespace wayferry
