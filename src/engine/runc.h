// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/engine.h"

// runc, and crun, which takes the same commands. The engine starts, checkpoints, restores and
// deletes; freezing and counting processes is done at the cgroup itself (cgroup.h), between two of
// its commands. It keeps no state of its own: what it must know of a container it finds in the
// bundle, in the cgroup and in the engine's own records, so any process of ours can go on where
// another one ended.

namespace wayferry {

class RuncEngine : public Engine {
 public:
  explicit RuncEngine(std::string program) : program_(std::move(program)) {}

  void prepare(const ContainerSpec& spec, const ContainerDirs& dirs) override;
  pid_t start(const std::string& name, const ContainerDirs& dirs,
              const ContainerOutput& output) override;
  std::vector<pid_t> processes(const std::string& name) override;
  void pause(const std::string& name) override;
  void resume(const std::string& name) override;
  void checkpoint(const std::string& name, const ContainerDirs& dirs,
                  const CheckpointOptions& options) override;
  pid_t restore(const std::string& name, const ContainerDirs& dirs, const RestoreOptions& options,
                const ContainerOutput& output) override;
  void release(const std::string& name) override;
  void kill(const std::string& name, std::chrono::milliseconds grace) override;
  void remove(const std::string& name, const ContainerDirs& dirs) override;

 private:
  /// Runs one command of the engine behind the words of `door`, which say from where. Nothing if it
  /// succeeded, else the engine's own words.
  std::optional<std::string> command(const ContainerDirs& dirs, std::vector<std::string> door,
                                     const std::vector<std::string>& arguments,
                                     const ContainerOutput& output);
  void delete_container(const std::string& name);

  std::string program_;
};

}  // namespace wayferry
