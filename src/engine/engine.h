// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "criu/process_memory.h"
#include "engine/app_user.h"
#include "engine/image.h"
#include "engine/patience.h"
#include "util/io.h"

// What wayferry needs of a container engine, and no more: one implementation a file. An engine runs
// one app in one container with namespaces of its own (mount, PID, network, IPC, uts, cgroup), a
// private /tmp, /dev/shm and XDG_RUNTIME_DIR, and the monitor's socket as its only door. It knows
// nothing of Wayland, of hosts or of moves; it reaches CRIU's options through CRIU's configuration
// file only, so that every engine runs unpatched.

namespace wayferry {

/// A folder of the host inside the container.
struct Volume {
  std::string source;  ///< its path, the same on every host, or a name in the engine's store
  std::string target;  ///< where the app sees it
  bool read_only = false;

  bool named() const { return !source.starts_with('/'); }
};

/// What a container is made from. Travels to the target as it is (session record, JSON), so it
/// holds no path that only means something on one host, but `base`, which both hosts must know.
struct ContainerSpec {
  std::string name;               ///< session name; also the container's id
  std::vector<std::string> argv;  ///< the app
  std::vector<std::string> environment;
  std::string working_directory = "/";
  AppUser user = {};
  std::string base_kind;  ///< "rootfs" (a directory) or "image" (imported; see image.h)
  std::string base;       ///< directory of --rootfs, or the image's digest
  std::vector<Volume> volumes;
  /// none, an address of its own on a segment that all hosts share (segment.h), or what the engine
  /// calls a network.
  std::string network = "none";
  /// What the app is offered at most: interface → version; empty: whatever a compositor has.
  std::map<std::string, uint32_t> offer;
};

/// One container's folders on this host. All lie in the session's folder; `writable` must not be on
/// an overlay file system (it becomes the upper layer of one).
struct ContainerDirs {
  Path bundle;    ///< config.json, criu.conf; owned by the engine
  Path writable;  ///< what the app wrote to its root file system: upper/ and work/
  Path work;      ///< CRIU's logs and scratch files
  Path display;   ///< holds the monitor's socket "wayland-0"; bound to /run/wayferry inside
};

/// Descriptors that become the app's standard output and error; standard input is /dev/null. They
/// must be ends of pipes: CRIU cannot carry a file of the host. -1 is /dev/null.
struct ContainerOutput {
  int out = -1;
  int err = -1;
};

struct CheckpointOptions {
  Path images;                       ///< exists, empty; all that is in it afterwards travels
  std::vector<ino_t> outer_sockets;  ///< the app's ends of connections that are left to us
  bool lazy = false;                 ///< leave out what can be fetched from the processes later
  bool keep_tcp = false;      ///< established connections go on; only while the network is closed
  PagesSeen pages_seen = {};  ///< of a lazy one, while the app still ran
  Patience patience = {};
};

struct RestoreOptions {
  Path images;
  bool lazy = false;      ///< the images are lazy, and somebody listens in the work folder for CRIU
  bool keep_tcp = false;  ///< as the checkpoint had it
  Patience patience = {};
};

/// An image as an engine has it on this host.
struct EngineImage {
  std::string digest;
  ImageDefaults defaults;
};

/// What a prepared container is for.
enum class Purpose { start, restore };

class Engine {
 public:
  virtual ~Engine() = default;

  /// Throws Failure where this host lacks what the engine's containers need to be moved: for run,
  /// and for a target before anything is sent.
  virtual void demand_fitness() const {}

  /// Brings the image that `reference` names within reach of prepare(). What a reference is, is the
  /// engine's affair: a file or folder (image.h), or a name in the engine's own store.
  virtual EngineImage image(const std::string& reference) = 0;
  /// `digest` is one that image() returned. No word of theirs needs quoting for a shell.
  virtual ImageCommands image_commands(const std::string& digest) = 0;

  /// Who is known in the root file system that the container will have.
  virtual Accounts accounts(const ContainerSpec& spec) = 0;

  /// Where a named volume lies on this host; it is made if it is not there.
  virtual Path named_volume(const std::string& name) = 0;
  virtual void remove_named_volume(const std::string& name) = 0;

  /// Makes everything that can be made before the app's memory is there: folders, mounts, bundle.
  /// Used by run and, on the target, before the source freezes.
  virtual void prepare(const ContainerSpec& spec, const ContainerDirs& dirs, Purpose purpose) = 0;

  /// Where the files of the container's private /run, /tmp, /dev/shm and XDG_RUNTIME_DIR lie on
  /// this host from prepare() to remove(), if they are to travel as files do; nothing if CRIU's
  /// images bring them.
  virtual std::optional<Path> run_folder(const ContainerDirs& /*dirs*/) const {
    return std::nullopt;
  }

  /// Starts the app in a prepared container. Returns the host's pid of its first process.
  virtual pid_t start(const std::string& name, const ContainerDirs& dirs,
                      const ContainerOutput& output) = 0;

  /// The host's pids of all processes of the container, init first.
  virtual std::vector<pid_t> processes(const std::string& name) = 0;

  /// Freezes (cgroup) and thaws all processes. Both are idempotent. What the app had stopped itself
  /// (ctrl-Z) stays stopped.
  virtual void pause(const std::string& name) = 0;
  virtual void resume(const std::string& name) = 0;

  /// An address that moves with the app is heard by the network only where, and only while, the app
  /// may run: closed on the source from the pause on, and on the target from prepare() up to the
  /// release. Both may be said twice; without such an address they do nothing.
  virtual void open_network(const ContainerSpec& /*spec*/, const ContainerDirs& /*dirs*/) {}
  virtual void close_network(const ContainerSpec& /*spec*/, const ContainerDirs& /*dirs*/) {}

  /// Starts what a checkpoint needs while the app still runs, so that less is left to do when it
  /// stands still; a checkpoint with these options but `outer_sockets`, which are not known yet,
  /// should follow. Ends with the engine.
  virtual void warm_up_checkpoint(const std::string& /*name*/, const ContainerDirs& /*dirs*/,
                                  const CheckpointOptions& /*options*/) {}
  /// Waits until all of that is up. What warm_up_restore() on the target must be told; empty if
  /// nothing can be done there beforehand.
  virtual std::string await_warm_up(const Patience& /*patience*/) { return {}; }
  /// Starts what a restore with these options needs before its images are there. `told` is
  /// await_warm_up()'s answer on the source, not empty. The restore() that should follow takes no
  /// others. Ends with remove(), or the engine.
  virtual void warm_up_restore(const std::string& /*name*/, const ContainerDirs& /*dirs*/,
                               const RestoreOptions& /*options*/, const ContainerOutput& /*output*/,
                               const std::string& /*told*/) {}
  /// Waits until that is up, if it was started: before there are any images.
  virtual void await_warm_restore(const RestoreOptions& /*options*/) {}

  /// Writes the paused container's images. The container stays alive and paused, whatever happens:
  /// the source keeps the app until the commit. A Failure quotes CRIU's own error lines. What ends
  /// the patience comes through, once CRIU has been ended.
  virtual void checkpoint(const std::string& name, const ContainerDirs& dirs,
                          const CheckpointOptions& options) = 0;

  /// Restores into a prepared container, its processes frozen before their first instruction. The
  /// app's display sockets reconnect to `display`/wayland-0 meanwhile: somebody must listen there.
  /// Returns init's pid. What follows is release() or kill(), no other checkpoint. What ends the
  /// patience comes through, once CRIU has been ended; what it has restored is remove()'s affair.
  virtual pid_t restore(const std::string& name, const ContainerDirs& dirs,
                        const RestoreOptions& options, const ContainerOutput& output) = 0;

  /// The command that prints what the app wrote to its output, if the engine keeps that itself;
  /// empty if it came to ContainerOutput.
  virtual std::vector<std::string> log_command(const std::string& /*name*/, bool /*follow*/) {
    return {};
  }

  /// Lets restored processes go on where they stood (those that were stopped before stay stopped).
  virtual void release(const std::string& name) = 0;

  /// Ends the container's processes (TERM, after `grace` KILL). Without grace, a frozen container
  /// ends without another instruction: so the source's copy goes after the commit.
  virtual void kill(const std::string& name, std::chrono::milliseconds grace) = 0;

  /// Removes a container and all that prepare() made, whatever state it is in, also half made; the
  /// folders in `dirs` stay, empty of mounts.
  virtual void remove(const std::string& name, const ContainerDirs& dirs) = 0;
};

/// Whether the container's address is its own and moves with it.
bool address_moves(const ContainerSpec& spec);

/// Where a volume lies on this host.
Path folder_of(Engine& engine, const Volume& volume);

/// By its name, one of engine_names(). Throws Failure if the program is not installed.
std::unique_ptr<Engine> make_engine(const std::string& kind);
std::vector<std::string> engine_names();

/// The engine for an app whose user named none: the one that has the image in its own store
/// (Docker, then Podman), else runc, which takes files and folders. `image` may be empty.
std::string pick_engine(const std::string& image);

}  // namespace wayferry
