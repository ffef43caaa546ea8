// SPDX-License-Identifier: MIT
#pragma once

#include "engine/cli_engine.h"

// Docker. Its daemon restores only in experimental mode, and takes images from one place: a folder
// of the container's own, from which it copies them twice before CRIU sees them.

namespace wayferry {

class DockerEngine : public CliEngine {
 public:
  DockerEngine() : CliEngine({"docker"}) {}

 protected:
  std::vector<std::string> create_options() const override { return {}; }
  const char* runtime_field() const override { return ".HostConfig.Runtime"; }
  std::vector<std::string> runtime_command(const std::string& runtime) const override;
  void make_restorable(const std::string& id) override;
  Output restore_from(const std::string& id, const Path& images) override;

 private:
  Path containers_;  // the daemon's folder of containers, once asked for
};

}  // namespace wayferry
