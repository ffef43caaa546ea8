// SPDX-License-Identifier: MIT
#include "ferry/from_file.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include "ferry/ferry_reader.h"
#include "ferry/ferry_writer.h"
#include "move/checks.h"
#include "move/journal.h"
#include "move/outgoing.h"
#include "move/ssh.h"
#include "move/steps.h"
#include "session/record.h"
#include "util/error.h"
#include "util/process.h"

namespace wayferry {
namespace {

using transfer::ToSource;
using transfer::ToTarget;

// As for a move: a slow disk, much memory.
constexpr std::chrono::seconds work_limit{120};

class FileSender {
 public:
  FileSender(const LocalHost& here, const FromFile& options, Link& link)
      : here_(here),
        options_(options),
        link_(link),
        reader_(options.file),
        spec_(spec_from_json(reader_.manifest().offer.container(), options.file.native())),
        files_(file_entries(*here.engine(reader_.manifest().offer.engine()), spec_)),
        out_(link, report_) {}

  MoveReport run() {
    // Killed at once, the receiver would leave the undoing to its monitor.
    steps_.undo_with("receiver", [this] {
      link_.watch(nullptr);
      give_up(link_);
    });
    entry_ = reader_.next();
    if (entry_ == ferry_entry::image) steps_.run("image", [this] { load_image(); });
    steps_.run("check", [this] { offer(); });
    steps_.run("files", [this] { send_files(); });
    steps_.run("pre-warm", [this] { prewarm(); });
    steps_.run("send", [this] { send_frozen(); });
    steps_.run("restore", [this] { await_ready(); });
    steps_.run("commit", [this] { commit(); });
    report_.name = spec_.name;
    report_.source = options_.file;
    report_.target = this_host();
    report_.phases = steps_.phases();
    return std::move(report_);
  }

 private:
  void require_entry(const std::string& name) const {
    if (entry_ != name)
      throw ProtocolError(options_.file,
                          "it has " + entry_.value_or("nothing") + " where " + name + " belongs");
  }

  void load_image() {
    const auto engine = here_.engine(reader_.manifest().offer.engine());
    const ImageCommands commands = engine->image_commands(spec_.base);
    if (wayferry::run({"sh", "-c", commands.has}).status != 0) {
      spdlog::info("this host has no image {}: taking it from the file", spec_.base);
      auto [read_end, write_end] = make_pipe();
      Child load =
          spawn({"sh", "-c", commands.load}, {.fds = {{0, read_end.get()}, {2, STDERR_FILENO}}});
      read_end.reset();
      for (std::string piece = reader_.piece(); !piece.empty(); piece = reader_.piece()) {
        report_.base_bytes += piece.size();
        write_all(write_end.get(), piece);
      }
      write_end.reset();
      if (load.wait() != 0) throw Failure("", "cannot take the image: " + commands.load);
    }
    entry_ = reader_.next();
  }

  void offer() {
    ToTarget message;
    *message.mutable_offer() = reader_.manifest().offer;
    message.mutable_offer()->set_move_id(make_move_id());
    message.mutable_offer()->set_display(options_.display);
    for (size_t i = 0; i < spec_.volumes.size(); ++i)
      message.mutable_offer()->add_volumes_carried(true);
    out_.send(message);
    const ToSource answer = expect_answer(link_, ToSource::kFacts, work_limit);
    transfer::Facts machine = reader_.manifest().machine;
    machine.set_images_free(answer.facts().images_free());  // nothing is to be written for the file
    machine.set_disk_free(answer.facts().disk_free());
    require_fit(machine, answer.facts(),
                {.memory = reader_.manifest().offer.memory_bytes(), .files = 0}, this_host());
  }

  void send_files() {
    for (const std::string& entry : files_) {
      if (entry != files_.front()) entry_ = reader_.next();
      send_tree(entry);
    }
    expect_answer(link_, ToSource::kDone, work_limit);
  }

  void send_tree(const std::string& name) {
    require_entry(name);
    for (std::string piece = reader_.piece(); !piece.empty(); piece = reader_.piece()) {
      report_.file_bytes += piece.size();
      ToTarget message;
      message.mutable_file_data()->set_data(std::move(piece));
      out_.send(message);
    }
    end_files();
  }

  void end_files() {
    ToTarget end;
    end.mutable_files_end();
    out_.send(end);
  }

  void prewarm() {
    ToTarget message;
    message.mutable_prewarm();
    out_.send(message);
    expect_answer(link_, ToSource::kWarm, work_limit);
    out_.early_end(work_limit);  // nothing has to go ahead of an app that waits
  }

  void send_frozen() {
    entry_ = reader_.next();
    require_entry(ferry_entry::state);
    std::string state;
    for (std::string piece = reader_.piece(); !piece.empty(); piece = reader_.piece())
      state += piece;
    out_.state(state);
    for (size_t i = 0; i < files_.size(); ++i) end_files();  // nothing has changed since
    std::map<std::string, uint64_t> sizes;
    while ((entry_ = reader_.next())) {
      if (!entry_->starts_with(ferry_entry::checkpoint)) require_entry(ferry_entry::checkpoint);
      const std::string name = entry_->substr(std::string_view(ferry_entry::checkpoint).size());
      sizes[name] = send_image(name);
    }
    out_.images_end(sizes);
    ToTarget message;
    message.mutable_restore();
    out_.send(message);
  }

  uint64_t send_image(const std::string& name) {
    uint64_t offset = 0;
    std::string piece = reader_.piece();
    do {  // an empty image is one, too
      out_.image(name, offset, piece);
      offset += piece.size();
      piece = reader_.piece();
    } while (!piece.empty());
    return offset;
  }

  void await_ready() {
    const auto ready = expect_answer(link_, ToSource::kReady, work_limit).ready();
    steps_.split("adopt", ready.adopt_ms());
    report_.objects = ready.objects();
    report_.inert = {ready.inert().begin(), ready.inert().end()};
  }

  void commit() {
    link_.watch(nullptr);
    steps_.keep();
    ToTarget yours;
    yours.mutable_yours();
    link_.send(yours);
    expect_answer(link_, ToSource::kMine, work_limit);
  }

  const LocalHost& here_;
  const FromFile& options_;
  Link& link_;
  FerryReader reader_;
  ContainerSpec spec_;
  std::vector<std::string> files_;  // the entries of its files
  MoveReport report_;
  Outgoing out_;
  std::optional<std::string> entry_;
  Steps steps_;
};

}  // namespace

MoveReport send_from_file(const LocalHost& here, const FromFile& options, Link& link,
                          const Interrupt* interrupt) {
  link.watch(interrupt);
  return FileSender(here, options, link).run();
}

}  // namespace wayferry
