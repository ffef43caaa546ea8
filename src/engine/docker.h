// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "criu/host_checks.h"
#include "engine/cli_engine.h"

// Docker. Its daemon restores only in experimental mode, and takes images from one place: a folder
// of the container's own, from which it copies them twice before CRIU sees them.

namespace wayferry {

/// Whether Docker's daemon can restore containers; nothing where there is no Docker, or it does not
/// run: then nobody misses it.
std::optional<HostCheck> check_docker();

class DockerEngine : public CliEngine {
 public:
  DockerEngine() : CliEngine({"docker"}) {}

 protected:
  void add_transport(ImageCommands& commands, const std::string& engine,
                     const std::string& image) const override;
  std::string owner_option(const AppUser& user) const override;
  std::vector<std::string> create_options() const override { return {}; }
  const char* runtime_field() const override { return ".HostConfig.Runtime"; }
  std::vector<std::string> runtime_command(const std::string& runtime) const override;
  void make_restorable(const std::string& id) override;
  Output restore_from(const std::string& id, const Path& images, const Run& restore) override;
  void clear_restore(const std::string& id, const Path& images) override;

 private:
  Path checkpoint_place(const std::string& id);

  Path containers_;  // the daemon's folder of containers, once asked for
};

}  // namespace wayferry
