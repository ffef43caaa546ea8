// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "util/io.h"

// What wayferry needs of a container engine, and no more: one implementation a file. An engine runs
// one app in one container with namespaces of its own (mount, PID, network, IPC, uts, cgroup), a
// private /tmp, /dev/shm and XDG_RUNTIME_DIR, and the monitor's socket as its only door. It knows
// nothing of Wayland, of hosts or of moves; it reaches CRIU's options through CRIU's configuration
// file only, so that every engine runs unpatched.

namespace wayferry {

/// What a container is made from. Travels to the target as it is (session record, JSON), so it
/// holds no path that only means something on one host, but `base`, which both hosts must know.
struct ContainerSpec {
  std::string name;               ///< session name; also the container's id
  std::vector<std::string> argv;  ///< the app
  std::vector<std::string> environment;
  std::string working_directory = "/";
  std::string base_kind;  ///< "rootfs" (a directory) or "image" (imported; see image.h)
  std::string base;       ///< directory of --rootfs, or the image's digest
  /// What the app is offered at most: interface → version; empty: whatever a compositor has.
  std::map<std::string, uint32_t> offer;
};

/// One container's folders on this host. All lie in the session's folder; `writable` must not be on
/// an overlay file system (it becomes the upper layer of one).
struct ContainerDirs {
  Path bundle;    ///< config.json, criu.conf; owned by the engine
  Path writable;  ///< what the app wrote to its root file system: upper/ and work/
  Path display;   ///< holds the monitor's socket "wayland-0"; bound to /run/wayferry inside
};

/// Descriptors that become the app's standard output and error; standard input is /dev/null. They
/// must be ends of pipes: CRIU cannot carry a file of the host. -1 is /dev/null.
struct ContainerOutput {
  int out = -1;
  int err = -1;
};

struct CheckpointOptions {
  Path images;                         ///< exists, empty; all that is in it afterwards travels
  Path work;                           ///< CRIU's log and scratch files
  std::vector<ino_t> display_sockets;  ///< the app's ends of its display connections
  bool lazy = false;                   ///< leave out what can be fetched from the processes later
};

struct RestoreOptions {
  Path images;
  Path work;
  bool lazy = false;  ///< the images are lazy, and somebody listens at CRIU's socket in `work`
};

class Engine {
 public:
  virtual ~Engine() = default;

  /// Makes everything that can be made before the app's memory is there: folders, mounts, bundle.
  /// Used by run and, on the target, before the source freezes.
  virtual void prepare(const ContainerSpec& spec, const ContainerDirs& dirs) = 0;

  /// Starts the app in a prepared container. Returns the host's pid of its first process.
  virtual pid_t start(const std::string& name, const ContainerDirs& dirs,
                      const ContainerOutput& output) = 0;

  /// The host's pids of all processes of the container, init first.
  virtual std::vector<pid_t> processes(const std::string& name) = 0;

  /// Freezes (cgroup) and thaws all processes. Both are idempotent. What the app had stopped itself
  /// (ctrl-Z) stays stopped.
  virtual void pause(const std::string& name) = 0;
  virtual void resume(const std::string& name) = 0;

  /// Writes the paused container's images. The container stays alive and paused, whatever happens:
  /// the source keeps the app until the commit. A Failure quotes CRIU's own error lines.
  virtual void checkpoint(const std::string& name, const ContainerDirs& dirs,
                          const CheckpointOptions& options) = 0;

  /// Restores into a prepared container, its processes frozen before their first instruction. The
  /// app's display sockets reconnect to `display`/wayland-0 meanwhile: somebody must listen there.
  /// Returns init's pid. What follows is release() or kill(), no other checkpoint.
  virtual pid_t restore(const std::string& name, const ContainerDirs& dirs,
                        const RestoreOptions& options, const ContainerOutput& output) = 0;

  /// Lets restored processes go on where they stood (those that were stopped before stay stopped).
  virtual void release(const std::string& name) = 0;

  /// Ends the container's processes (TERM, after `grace` KILL). Without grace, a frozen container
  /// ends without another instruction: so the source's copy goes after the commit.
  virtual void kill(const std::string& name, std::chrono::milliseconds grace) = 0;

  /// Removes a container and all that prepare() made, whatever state it is in, also half made; the
  /// folders in `dirs` stay, empty of mounts.
  virtual void remove(const std::string& name, const ContainerDirs& dirs) = 0;
};

/// "runc" or "crun". Throws Failure if the program is not installed.
std::unique_ptr<Engine> make_engine(const std::string& kind);

}  // namespace wayferry
