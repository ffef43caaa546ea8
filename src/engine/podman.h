// SPDX-License-Identifier: MIT
#pragma once

#include "engine/cli_engine.h"

// Podman. It restores a container that has run and ended, from a folder beside its configuration.

namespace wayferry {

class PodmanEngine : public CliEngine {
 public:
  PodmanEngine();

  void demand_fitness() const override;

 protected:
  void add_transport(ImageCommands& commands, const std::string& engine,
                     const std::string& image) const override;
  std::string owner_option(const AppUser& user) const override;
  std::vector<std::string> create_options() const override;
  const char* runtime_field() const override { return ".OCIRuntime"; }
  std::vector<std::string> runtime_command(const std::string& runtime) const override;
  void make_restorable(const std::string& id) override;
  Output restore_from(const std::string& id, const Path& images, const Run& restore) override;
  pid_t restored_init(const std::string& id) override;

 private:
  // Of the container that was made restorable, asked for while the app still runs elsewhere.
  Path folder_;
  Path pid_file_;
};

}  // namespace wayferry
