// SPDX-License-Identifier: MIT
#pragma once

#include <future>
#include <map>
#include <memory>
#include <string>

#include "criu/config.h"
#include "criu/short_smaps.h"
#include "engine/cgroup.h"
#include "engine/engine.h"
#include "engine/pending_criu.h"
#include "util/process.h"

// What is the same below every engine: a container is processes in one control group, made by an
// OCI runtime (runc or crun), which is what calls CRIU. So freezing, counting and ending are done
// at the group, and the checkpoint by the runtime itself, also for Docker and Podman: their own
// commands would write the images where we cannot follow them, know nothing of lazy pages, and not
// leave the app paused. What is left to an engine is to make, start, restore and remove.

namespace wayferry {

class OciEngine : public Engine {
 public:
  std::vector<pid_t> processes(const std::string& name) override;
  void pause(const std::string& name) override;
  void resume(const std::string& name) override;
  void warm_up_checkpoint(const std::string& name, const ContainerDirs& dirs,
                          const CheckpointOptions& options) override;
  std::string await_warm_up(const Patience& patience) override;
  void checkpoint(const std::string& name, const ContainerDirs& dirs,
                  const CheckpointOptions& options) override;
  void release(const std::string& name) override;
  void kill(const std::string& name, std::chrono::milliseconds grace) override;

 protected:
  /// The runtime's words for this container: program, options, the container's id there, and what
  /// else this runtime must be told for a checkpoint.
  struct Runtime {
    std::vector<std::string> command;
    std::string id;
    std::vector<std::string> checkpoint_options = {};
    CriuOptions criu_options = CriuOptions::annotation;
  };
  virtual Runtime runtime(const std::string& name, const ContainerDirs& dirs) = 0;
  virtual Cgroup group(const std::string& name) = 0;

  /// runc's, among the images: what the app's standard streams were. It writes it before it starts
  /// CRIU, and reads it before it starts CRIU for the restore.
  static constexpr const char* descriptors_file = "descriptors.json";

  /// How a runtime is started whose words become the app's own.
  static SpawnOptions with_output(const ContainerOutput& output);
  /// Runs one command of an OCI runtime. Nothing if it succeeded, else the runtime's own words.
  static std::optional<std::string> run_runtime(const ContainerDirs& dirs,
                                                const std::vector<std::string>& command,
                                                const std::vector<std::string>& arguments,
                                                const SpawnOptions& spawning);
  /// Starts one whose CRIU waits at a gate, and that writes `sign` last (PendingCriu).
  static std::unique_ptr<PendingCriu> start_runtime(const ContainerDirs& dirs,
                                                    const std::vector<std::string>& command,
                                                    const std::vector<std::string>& arguments,
                                                    SpawnOptions spawning, CriuWork work,
                                                    const Path& sign = {});
  /// Lets that go on, to its end; the rest as run_runtime().
  static std::optional<std::string> finish_runtime(const ContainerDirs& dirs,
                                                   const std::vector<std::string>& command,
                                                   PendingCriu& pending, const Patience& patience);

  /// CRIU's options for a restore under any engine.
  static CriuConfig restore_config(const RestoreOptions& options);
  /// CRIU's.
  static Path restore_log(const ContainerDirs& dirs);
  /// What a restored container's processes are before release(): frozen, and no longer stopped but
  /// those that were stopped in the checkpoint.
  static void hold_restored(const Cgroup& group, const Path& images);

  /// CRIU's own words from its log if it has any, else the engine's.
  [[noreturn]] static void fail(const std::string& what, const Path& criu_log,
                                const std::string& engine);

 private:
  std::unique_ptr<PendingCriu> start_dump(const std::string& name, const ContainerDirs& dirs,
                                          const CheckpointOptions& options);
  /// The runtime's words if it failed.
  std::optional<std::string> dump(const std::string& name, const ContainerDirs& dirs,
                                  const CheckpointOptions& options);
  std::optional<std::string> dump_and_freeze(const std::string& name, const ContainerDirs& dirs,
                                             const CheckpointOptions& options);

  std::unique_ptr<PendingCriu> pending_dump_;
  std::unique_ptr<PendingCriu> ending_dump_;  // has done all it had to
  /// For a lazy dump; null if this kernel cannot.
  std::future<std::unique_ptr<ShortSmaps>> short_smaps_;
  Path descriptors_;  // that the pending dump has written for the restore
};

}  // namespace wayferry
