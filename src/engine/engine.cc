// SPDX-License-Identifier: MIT
#include "engine/engine.h"

#include <algorithm>

#include "criu/programs.h"
#include "engine/crun.h"
#include "engine/docker.h"
#include "engine/podman.h"
#include "engine/runc.h"
#include "engine/segment.h"
#include "util/error.h"

namespace wayferry {
namespace {

struct KnownEngine {
  const char* name;  // of the engine and of its program
  const char* cure;  // if the program is missing
  std::unique_ptr<Engine> (*make)();
};

// In the order in which they are asked for an image.
constexpr KnownEngine known[] = {
    {"docker", "apt install docker.io docker-cli",
     [] -> std::unique_ptr<Engine> { return std::make_unique<DockerEngine>(); }},
    {"podman", "apt install podman",
     [] -> std::unique_ptr<Engine> { return std::make_unique<PodmanEngine>(); }},
    {"runc", "apt install runc",
     [] -> std::unique_ptr<Engine> { return std::make_unique<RuncEngine>(); }},
    {"crun", "apt install crun libcriu2",
     [] -> std::unique_ptr<Engine> { return std::make_unique<CrunEngine>(); }},
};

constexpr const char* without_a_store = "runc";

// A file or a folder, an OCI layout's perhaps with a tag; it need not be there, to be one.
bool is_path(const std::string& image) {
  return image.starts_with('/') || image.starts_with("./") || image.starts_with("../") ||
         std::filesystem::exists(image.substr(0, image.rfind(':')));
}

}  // namespace

bool address_moves(const ContainerSpec& spec) {
  return segment_from(spec.network).has_value();
}

Path folder_of(Engine& engine, const Volume& volume) {
  return volume.named() ? engine.named_volume(volume.source) : Path(volume.source);
}

std::unique_ptr<Engine> make_engine(const std::string& name) {
  const auto kind = std::ranges::find(known, name, &KnownEngine::name);
  if (kind == std::end(known))
    throw Failure("", "there is no engine called " + name, "use docker, podman, runc or crun");
  if (!find_program(name))
    throw Failure("", "the container engine " + name + " is not installed", kind->cure);
  return kind->make();
}

std::vector<std::string> engine_names() {
  std::vector<std::string> names;
  for (const KnownEngine& kind : known) names.emplace_back(kind.name);
  return names;
}

std::string pick_engine(const std::string& image) {
  if (image.empty() || is_path(image)) return without_a_store;
  for (const KnownEngine& kind : known) {
    if (!find_program(kind.name)) continue;
    const auto engine = kind.make();
    const auto* own_store = dynamic_cast<CliEngine*>(engine.get());
    if (own_store && own_store->has_image(image)) return kind.name;
  }
  return without_a_store;
}

}  // namespace wayferry
