// SPDX-License-Identifier: MIT
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/oci.h"
#include "util/process.h"

// Docker and Podman, through their command lines: an ordinary container of theirs, seen in `ps`,
// with `logs`, `exec` and `stop`. A label of ours says which session it belongs to, and only what
// bears it is ever touched. Checkpoints are made below the engine (oci.h); a restore goes through
// it, because it must know its container as running. The two differ in little: see docker.cc,
// podman.cc.

namespace wayferry {

class CliEngine : public OciEngine {
 public:
  EngineImage image(const std::string& reference) override;
  ImageCommands image_commands(const std::string& digest) override;
  Accounts accounts(const ContainerSpec& spec) override;
  Path named_volume(const std::string& name) override;
  void remove_named_volume(const std::string& name) override;
  void prepare(const ContainerSpec& spec, const ContainerDirs& dirs, Purpose purpose) override;
  pid_t start(const std::string& name, const ContainerDirs& dirs,
              const ContainerOutput& output) override;
  pid_t restore(const std::string& name, const ContainerDirs& dirs, const RestoreOptions& options,
                const ContainerOutput& output) override;
  void remove(const std::string& name, const ContainerDirs& dirs) override;
  std::vector<std::string> log_command(const std::string& name, bool follow) override;

  /// Whether the engine has an image by this name in its own store.
  bool has_image(const std::string& reference) const;

 protected:
  /// The program and the options that every one of its commands needs.
  explicit CliEngine(std::vector<std::string> program) : program_(std::move(program)) {}

  Runtime runtime(const std::string& name, const ContainerDirs& dirs) override;
  Cgroup group(const std::string& name) override;

  /// Fills in `save` and `load`. `engine` is the engine's command, `image` a name or a digest.
  virtual void add_transport(ImageCommands& commands, const std::string& engine,
                             const std::string& image) const = 0;
  /// Options of `create` that only this engine needs.
  virtual std::vector<std::string> create_options() const = 0;
  /// The option of --tmpfs that gives the folder to the container's user.
  virtual std::string owner_option(const AppUser& user) const = 0;
  /// The inspect template that names the container's OCI runtime.
  virtual const char* runtime_field() const = 0;
  /// The words that reach that runtime's record of the container.
  virtual std::vector<std::string> runtime_command(const std::string& runtime) const = 0;
  /// Brings a created container into the state from which the engine restores it.
  virtual void make_restorable(const std::string& id) = 0;
  /// Restores a container from images, by a command of the engine that `restore` takes; what had to
  /// be put in their place is taken away again.
  using Run = std::function<Output(const std::vector<std::string>& arguments)>;
  virtual Output restore_from(const std::string& id, const Path& images, const Run& restore) = 0;
  /// Takes away what was put there for a restore whose receiver was killed.
  virtual void clear_restore(const std::string& /*id*/, const Path& /*images*/) {}
  /// The host's pid of a restored container's first process.
  virtual pid_t restored_init(const std::string& id) { return ask(id).init; }

  /// Runs a command of the engine; run_checked throws what it said when it failed.
  std::vector<std::string> words_of(const std::vector<std::string>& arguments) const;
  Output run_engine(const std::vector<std::string>& arguments) const;
  /// The same for a restore whose CRIU writes this log; of its output, errors only.
  Output run_patiently(const std::vector<std::string>& arguments, const Patience& patience,
                       const Path& criu_log) const;
  std::string run_checked(const std::vector<std::string>& arguments) const;
  std::string inspect(const std::string& id, const std::string& field) const;

 private:
  struct Answer {
    pid_t init = 0;  ///< 0 if the container does not run
    std::string runtime;
  };
  /// What does not change while a container is there, or, of the group, runs. Asking the engine for
  /// it starts a program each time, which would be downtime.
  struct Known {
    std::string id;  ///< empty: there is no container
    std::string runtime = {};
    std::optional<Cgroup> group = {};
  };

  Answer ask(const std::string& id) const;
  Known& know(const std::string& name);
  /// The id of the session's container; empty if there is none.
  std::string id_of(const std::string& name) const;
  std::string required_id(const std::string& name);

  std::vector<std::string> program_;
  std::map<std::string, Known> known_;
};

}  // namespace wayferry
