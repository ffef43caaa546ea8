// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <memory>

#include "cli/verbs.h"
#include "ferry/into_file.h"
#include "move/page_place.h"
#include "move/receiver.h"
#include "move/resolve.h"
#include "move/ssh.h"
#include "pages/page_door.h"
#include "util/error.h"
#include "util/heap.h"
#include "util/io.h"

namespace wayferry {
namespace {

struct ReceiveOptions {
  std::string resolve;
  std::string pages;
  std::string move_id;
  std::string fail_at;
  IntoFile into;
};

void receive(const LocalHost& here, const ReceiveOptions& options) {
  keep_freed_memory();
  // The end of the ssh connection is noticed at its pipes, in order; a signal from sshd at the same
  // time must not cut the undoing short.
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) ::signal(signal, SIG_IGN);
  // Close-on-exec: a monitor that kept ssh's pipes would keep the connection open after our end.
  UniqueFd in(check("fcntl", ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)));
  UniqueFd out(check("fcntl", ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)));
  // Whatever prints by mistake must not get into the protocol.
  check("dup2", ::dup2(STDERR_FILENO, STDOUT_FILENO));
  write_all(out.get(), greeting_line(WAYFERRY_VERSION));
  Link link(std::move(in), std::move(out), "the source");
  const Fault fault(options.fail_at);
  const bool done = options.into.file.empty() ? receive_session(here, link, fault)
                                              : receive_into_file(here, link, options.into, fault);
  if (!done) throw Failure("", "nothing was moved");
}

void receive_pages(const LocalHost& here, const ReceiveOptions& options) {
  const Path door = page_door(here.store.folders(options.pages), options.move_id);
  if (!std::filesystem::exists(door)) return write_all(STDOUT_FILENO, pages_over_line());
  hand_over_channel(door, STDIN_FILENO, STDOUT_FILENO);
}

}  // namespace

void add_receive(CLI::App& root, const LocalHost& host) {
  auto* verb = root.add_subcommand("receive", "The target's side of a move, started through ssh");
  verb->group("");
  auto options = std::make_shared<ReceiveOptions>();
  verb->add_option("--resolve", options->resolve, "Say whose the app of a broken move is")
      ->type_name("MOVE-ID");
  verb->add_option("--fail-at", options->fail_at, "For tests")->type_name("STEP");
  verb->add_option("--pages", options->pages, "Be a page connection of a lazy move")
      ->type_name("NAME");
  verb->add_option("--move", options->move_id, "Of which move")->type_name("MOVE-ID");
  verb->add_option("--into", options->into.file, "Write a file instead of restoring")
      ->type_name("FILE");
  verb->add_flag("--with-image", options->into.with_image, "The image too");
  verb->add_flag("--oci", options->into.oci, "An OCI archive");
  options->into.program_version = WAYFERRY_VERSION;
  verb->callback([&host, options] {
    if (!options->pages.empty()) return receive_pages(host, *options);
    if (options->resolve.empty()) return receive(host, *options);
    write_all(STDOUT_FILENO, resolved_line(decide_here(host, options->resolve)));
  });
}

}  // namespace wayferry
