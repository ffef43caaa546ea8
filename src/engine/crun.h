// SPDX-License-Identifier: MIT
#pragma once

#include "engine/runc.h"

// crun: runc's commands and the same containers, but it reaches CRIU through libcriu, whose calls
// override what CRIU read before. So what crun sets by itself is said in its own words, and the
// rest comes to CRIU through the environment: crun before 1.24 knows no file of CRIU's options, and
// later ones refuse to name one to a CRIU before 4.2.

namespace wayferry {

class CrunEngine : public RuncEngine {
 public:
  void demand_fitness() const override;
  pid_t restore(const std::string& name, const ContainerDirs& dirs, const RestoreOptions& options,
                const ContainerOutput& output) override;

 protected:
  std::vector<std::string> program(const BundlePaths& paths) const override;
  Path state_root() const override;
  CriuOptions criu_options() const override { return CriuOptions::environment; }
  std::vector<std::string> checkpoint_options() const override;
  std::vector<std::string> restore_options() const override;
  std::vector<std::string> restore_door(const std::string& name,
                                        const BundlePaths& paths) const override;
};

}  // namespace wayferry
