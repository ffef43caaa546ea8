// SPDX-License-Identifier: MIT
#include "ferry/into_file.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <optional>

#include "ferry/ferry_writer.h"
#include "ferry/oci_archive.h"
#include "move/facts.h"
#include "move/file_tree.h"
#include "move/frozen_stage.h"
#include "move/handover.h"
#include "move/requests.h"
#include "move/serve.h"
#include "move/steps.h"
#include "util/error.h"

namespace wayferry {
namespace {

using transfer::ToSource;
using transfer::ToTarget;

// A rename is on the disk when its folder is.
void sync_folder(const Path& folder) {
  const UniqueFd fd(
      check("open", ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), folder.native()));
  check("fsync", ::fsync(fd.get()), folder.native());
}

Path with_ending(Path path, const char* ending) {
  return path += ending;
}

class IntoFileReceiver {
 public:
  IntoFileReceiver(const LocalHost& here, Link& link, const IntoFile& options, const Fault& fault)
      : here_(here),
        link_(link),
        options_(options),
        part_(with_ending(options.file, ".part")),
        steps_([&fault](const std::string& step) { fault.at(step); }) {}

  void run() {
    const ToTarget first = next_request(link_);
    require_request(first, ToTarget::kOffer);
    steps_.run("check", [&] { accept(first.offer()); });
    steps_.run("files", [this] { receive_files(link_, next_request(link_), trees_); });
    answer_done(link_);
    require_request(next_request(link_), ToTarget::kPrewarm);
    if (options_.with_image) steps_.run("image", [this] { save_image(); });
    answer_warm(link_);
    steps_.run("receive", [this] { receive_app(); });
    steps_.run("write", [this] { write(); });
    steps_.run("ready", [this] { say_ready(); });
    take_over(link_, *journal_, silence_limit);
    keep();
  }

 private:
  void accept(const transfer::Offer& offer) {
    journal_.emplace(here_.store.roots().runtime, offer.move_id());
    steps_.undo_with("journal", [this] { journal_->drop(); });
    if (std::filesystem::exists(options_.file))
      throw Failure("", "there is such a file already", "remove it, or name another");
    spec_ = spec_from_json(offer.container(), "container from the source");
    const SessionFolders folders = here_.store.folders(spec_.name);
    staging_ = folders.disk / "freezing";
    const Path memory = folders.runtime / "freezing";
    steps_.undo_with("staging", [this, memory] {
      std::filesystem::remove_all(staging_);
      std::filesystem::remove_all(memory);
    });
    for (const Path& left_by_a_killed_one : {staging_, memory})
      std::filesystem::remove_all(left_by_a_killed_one);
    std::filesystem::create_directories(memory);
    make_trees(offer);
    images_.emplace(images_folder(memory, staging_, offer.memory_bytes()));
    ToSource facts;
    *facts.mutable_facts() = gather_facts(here_.store.roots());
    manifest_ = manifest_for(offer, facts.facts(), options_.program_version);
    link_.send(facts);
  }

  // Without room nothing goes ahead but shared memory: nobody waits for the app to go on.
  void receive_app() {
    EarlyStore early(images_->path());
    receive_early(link_, early, [](const std::string&) {});
    answer_done(link_);
    state_ = receive_frozen(link_, trees_, *images_, early);
  }

  void make_trees(const transfer::Offer& offer) {
    require_carried(offer);
    entries_ = file_entries(*here_.engine(offer.engine()), spec_);
    for (size_t i = 0; i < entries_.size(); ++i)
      std::filesystem::create_directories(
          trees_.emplace_back(staging_ / ("tree-" + std::to_string(i))));
  }

  void require_carried(const transfer::Offer& offer) const {
    if (static_cast<size_t>(offer.volumes_carried_size()) != spec_.volumes.size())
      throw ProtocolError("offer from the source", "it does not say how its volumes come");
    for (int i = 0; i < offer.volumes_carried_size(); ++i)
      if (!offer.volumes_carried(i))
        throw Failure("",
                      "a file cannot promise that the volume " +
                          spec_.volumes[static_cast<size_t>(i)].target + " is shared",
                      "freeze with --carry " + spec_.volumes[static_cast<size_t>(i)].target);
  }

  void save_image() {
    if (spec_.base_kind != "image")
      throw Failure(
          "", "the app runs from a folder, not from an image",
          "freeze it without --with-image; where it is thawed, " + spec_.base + " must be there");
    const auto engine = here_.engine(manifest_.offer.engine());
    const ImageCommands commands = engine->image_commands(spec_.base);
    const UniqueFd into(check(
        "create", ::open(image_file().c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
        image_file().native()));
    if (spawn({"sh", "-c", commands.save}, {.fds = {{1, into.get()}, {2, STDERR_FILENO}}}).wait() !=
        0)
      throw Failure("", "cannot read the image: " + commands.save);
  }

  Path image_file() const { return staging_ / "image.tar"; }

  void write() {
    const Path layer = options_.oci ? with_ending(options_.file, ".layer") : part_;
    for (const Path& file : {layer, part_}) {
      steps_.undo_with(file.filename(), [file] { std::filesystem::remove(file); });
      std::filesystem::remove(file);  // of one that was killed
    }
    FerryWriter writer(layer, manifest_);
    if (options_.with_image) writer.add_file(ferry_entry::image, image_file());
    for (size_t i = 0; i < trees_.size(); ++i) {
      const Path packed = trees_[i].native() + ".tar";
      pack_tree(trees_[i], packed);
      writer.add_file(entries_[i], packed);
    }
    writer.add(ferry_entry::state, state_);
    for (const auto& image : std::filesystem::directory_iterator(images_->path()))
      writer.add_file(ferry_entry::checkpoint + image.path().filename().native(), image.path());
    const FerryWriter::Digests digests = writer.finish();
    if (!options_.oci) return;
    write_oci_archive(part_, layer, digests, manifest_);
    std::filesystem::remove(layer);
  }

  static void pack_tree(const Path& tree, const Path& tar) {
    const UniqueFd fd(
        check("create", ::open(tar.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), tar.native()));
    FileTree(tree).send([&](std::string_view piece) { write_all(fd.get(), piece); });
  }

  void say_ready() {
    if (!journal_->set_ready()) throw Failure("", "the source has taken the app back");
    ToSource message;
    message.mutable_ready();
    link_.send(message);
  }

  // From here on the file is the app, so it stays, whatever happens.
  void keep() {
    std::filesystem::rename(part_, options_.file);
    sync_folder(std::filesystem::absolute(options_.file).parent_path());
    std::filesystem::remove_all(staging_);
    steps_.keep();
    ToSource mine;
    mine.mutable_mine();
    link_.send(mine);
  }

  const LocalHost& here_;
  Link& link_;
  const IntoFile& options_;
  Path part_;
  std::optional<MoveJournal> journal_;
  ContainerSpec spec_;
  Path staging_;
  std::vector<std::string> entries_;  // of the files, and …
  std::vector<Path> trees_;           // … where they come
  std::optional<ImageFolder> images_;
  Manifest manifest_;
  std::string state_;
  Steps steps_;  // last: its undos use all of the above
};

}  // namespace

bool receive_into_file(const LocalHost& here, Link& link, const IntoFile& options,
                       const Fault& fault) {
  return serve_to_end(link, [&] { IntoFileReceiver(here, link, options, fault).run(); });
}

}  // namespace wayferry
