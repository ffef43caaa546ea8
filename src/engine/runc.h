// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "engine/oci.h"

// runc, and crun, which takes the same commands, without an engine above: the container's root,
// bundle and namespaces are ours, and made for being moved. It keeps no state of its own: what it
// must know of a container it finds in the bundle, in the cgroup and in the runtime's own records,
// so any process of ours can go on where another one ended.

namespace wayferry {

class RuncEngine : public OciEngine {
 public:
  explicit RuncEngine(std::string program) : program_(std::move(program)) {}

  EngineImage image(const std::string& reference) override;
  ImageCommands image_commands(const std::string& digest) override;
  Path named_volume(const std::string& name) override;
  void remove_named_volume(const std::string& name) override;
  void prepare(const ContainerSpec& spec, const ContainerDirs& dirs, Purpose purpose) override;
  pid_t start(const std::string& name, const ContainerDirs& dirs,
              const ContainerOutput& output) override;
  pid_t restore(const std::string& name, const ContainerDirs& dirs, const RestoreOptions& options,
                const ContainerOutput& output) override;
  void remove(const std::string& name, const ContainerDirs& dirs) override;

 protected:
  Runtime runtime(const std::string& name, const ContainerDirs& dirs) override;
  Cgroup group(const std::string& name) override;

 private:
  std::vector<std::string> behind(std::vector<std::string> door) const;
  ContainerSpec with_folders(ContainerSpec spec);
  void delete_container(const std::string& name);

  std::string program_;
};

}  // namespace wayferry
