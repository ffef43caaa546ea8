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

uint64_t copy(int from, int to) {
  std::array<std::byte, 65536> block;
  uint64_t total = 0;
  while (const size_t n = read_full(from, block)) {
    write_all(to, std::span(block).first(n));
    total += n;
  }
  return total;
}

uint64_t send(const std::string& host, const ImageCommands& commands) {
  auto [saved, save_into] = make_pipe();
  auto [load_from, loaded] = make_pipe();
  Child save = spawn(commands.save, {.fds = {{1, save_into.get()}, {2, STDERR_FILENO}}});
  Child load =
      spawn(ssh_command(host, commands.load), {.fds = {{0, load_from.get()}, {2, STDERR_FILENO}}});
  save_into.reset();
  load_from.reset();
  const uint64_t bytes = copy(saved.get(), loaded.get());
  loaded.reset();
  if (save.wait() != 0) throw Failure("", "cannot read the image: " + join_command(commands.save));
  if (load.wait() != 0)
    throw Failure(host, "cannot take the image: " + join_command(commands.load),
                  "see what it said above");
  return bytes;
}

}  // namespace

uint64_t bring_image(Engine& engine, const ContainerSpec& spec, const std::string& host) {
  if (spec.base_kind != "image") return 0;
  const ImageCommands commands = engine.image_commands(spec.base);
  if (has(host, commands)) return 0;
  spdlog::info("{} has no image {}: bringing it", host, spec.base);
  const uint64_t bytes = send(host, commands);
  if (!has(host, commands))
    throw Failure(host, "the image " + spec.base + " was sent and is not there",
                  "bring it by hand: " + join_command(commands.save) + " | ssh " + host + " " +
                      join_command(commands.load));
  return bytes;
}

}  // namespace wayferry
