// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/bundle.h"
#include "engine/oci.h"

// runc without an engine above (and crun, which takes the same commands: crun.h): the container's
// root, bundle and namespaces are ours, and made for being moved. It keeps no state of its own:
// what it must know of a container it finds in the bundle, in the cgroup and in the runtime's own
// records, so any process of ours can go on where another one ended.

namespace wayferry {

class RuncEngine : public OciEngine {
 public:
  EngineImage image(const std::string& reference) override;
  ImageCommands image_commands(const std::string& digest) override;
  Accounts accounts(const ContainerSpec& spec) override;
  Path named_volume(const std::string& name) override;
  void remove_named_volume(const std::string& name) override;
  void prepare(const ContainerSpec& spec, const ContainerDirs& dirs, Purpose purpose) override;
  std::optional<Path> run_folder(const ContainerDirs& dirs) const override;
  pid_t start(const std::string& name, const ContainerDirs& dirs,
              const ContainerOutput& output) override;
  void warm_up_restore(const std::string& name, const ContainerDirs& dirs,
                       const RestoreOptions& options, const ContainerOutput& output,
                       const std::string& told) override;
  void await_warm_restore(const RestoreOptions& options) override;
  pid_t restore(const std::string& name, const ContainerDirs& dirs, const RestoreOptions& options,
                const ContainerOutput& output) override;
  void open_network(const ContainerSpec& spec, const ContainerDirs& dirs) override;
  void close_network(const ContainerSpec& spec, const ContainerDirs& dirs) override;
  void remove(const std::string& name, const ContainerDirs& dirs) override;

 protected:
  Runtime runtime(const std::string& name, const ContainerDirs& dirs) override;
  Cgroup group(const std::string& name) override;

  /// The command; for a checkpoint or a restore, one that reads CRIU's options where they stand.
  virtual std::vector<std::string> program(const BundlePaths& paths) const;
  /// Where it keeps each container's state, in a folder of its name (its --root).
  virtual Path state_root() const;
  virtual CriuOptions criu_options() const { return CriuOptions::annotation; }
  /// What the runtime must be told beside the usual for a checkpoint, and for a restore.
  virtual std::vector<std::string> checkpoint_options() const { return {}; }
  virtual std::vector<std::string> restore_options() const { return {}; }
  /// The command that enters what a restore is to be made in.
  virtual std::vector<std::string> restore_door(const std::string& name,
                                                const BundlePaths& paths) const;

 private:
  std::unique_ptr<PendingCriu> start_restore(const std::string& name, const ContainerDirs& dirs,
                                             const RestoreOptions& options,
                                             const ContainerOutput& output);
  std::vector<std::string> restore_command(const std::string& name, const BundlePaths& paths) const;
  ContainerSpec with_folders(ContainerSpec spec);
  void delete_container(const std::string& name, const BundlePaths& paths);

  std::unique_ptr<PendingCriu> pending_restore_;
  std::unique_ptr<PendingCriu> ending_restore_;  // has done all it had to
};

}  // namespace wayferry
