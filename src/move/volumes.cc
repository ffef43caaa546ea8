// SPDX-License-Identifier: MIT
#include "move/volumes.h"

#include <fcntl.h>

#include <algorithm>

#include "util/error.h"

namespace wayferry {
namespace {

namespace fs = std::filesystem;

bool wished(const std::vector<std::string>& wishes, const Volume& volume) {
  return std::ranges::any_of(
      wishes, [&](const std::string& wish) { return wish == "all" || wish == volume.target; });
}

VolumeWay way_of(const Volume& volume, const VolumeWishes& wishes) {
  const bool carry = wished(wishes.carry, volume);
  const bool shared = wished(wishes.shared, volume);
  if (carry != shared) return carry ? VolumeWay::carried : VolumeWay::shared;
  throw Failure("",
                "the app's volume " + volume.target + " (" + volume.source + " of this host) " +
                    (carry ? "cannot be both carried and shared" : "would be left behind"),
                "--carry " + volume.target + " takes it along, --shared " + volume.target +
                    " says that the target has the same");
}

void require_volume(const std::vector<std::string>& wishes, const ContainerSpec& spec) {
  for (const std::string& wish : wishes)
    if (wish != "all" &&
        std::ranges::find(spec.volumes, wish, &Volume::target) == spec.volumes.end())
      throw Failure("", "the app has no volume at " + wish, "wayferry ps --json lists what it has");
}

Path marker_of(const PlannedVolume& planned, const std::string& move_id) {
  return planned.folder / (".wayferry-" + move_id);
}

}  // namespace

std::vector<PlannedVolume> plan_volumes(Engine& engine, const ContainerSpec& spec,
                                        const VolumeWishes& wishes) {
  require_volume(wishes.carry, spec);
  require_volume(wishes.shared, spec);
  std::vector<PlannedVolume> plan;
  for (const Volume& volume : spec.volumes)
    plan.push_back({volume, way_of(volume, wishes), folder_of(engine, volume)});
  return plan;
}

std::vector<Path> travelling_folders(const Engine& engine, const ContainerDirs& dirs,
                                     const std::vector<PlannedVolume>& plan) {
  std::vector<Path> folders{dirs.writable / "upper"};
  if (auto run = engine.run_folder(dirs)) folders.push_back(std::move(*run));
  for (const PlannedVolume& planned : plan)
    if (planned.way == VolumeWay::carried) folders.push_back(planned.folder);
  return folders;
}

VolumeMarkers::VolumeMarkers(const std::vector<PlannedVolume>& plan, const std::string& move_id) {
  for (const PlannedVolume& planned : plan) {
    if (planned.way != VolumeWay::shared) continue;
    const Path file = marker_of(planned, move_id);
    const UniqueFd made(check("create",
                              ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600),
                              file.native()));
    files_.push_back(file);
  }
}

VolumeMarkers::~VolumeMarkers() {
  std::error_code ignored;  // the target may have been faster, or the share is gone
  for (const Path& file : files_) fs::remove(file, ignored);
}

void describe_volumes(const std::vector<PlannedVolume>& plan, transfer::Offer& offer) {
  for (const PlannedVolume& planned : plan)
    offer.add_volumes_carried(planned.way == VolumeWay::carried);
}

std::vector<PlannedVolume> planned_volumes(Engine& engine, const ContainerSpec& spec,
                                           const transfer::Offer& offer) {
  if (static_cast<size_t>(offer.volumes_carried_size()) != spec.volumes.size())
    throw ProtocolError("offer from the source", "it does not say how its volumes come");
  std::vector<PlannedVolume> plan;
  for (const Volume& volume : spec.volumes) {
    const bool carried = offer.volumes_carried(static_cast<int>(plan.size()));
    plan.push_back(
        {volume, carried ? VolumeWay::carried : VolumeWay::shared, folder_of(engine, volume)});
  }
  return plan;
}

void require_shared(const std::vector<PlannedVolume>& plan, const std::string& move_id) {
  for (const PlannedVolume& planned : plan) {
    if (planned.way != VolumeWay::shared || fs::exists(marker_of(planned, move_id))) continue;
    throw Failure(
        "",
        "the volume " + planned.volume.target + " is not shared: a file made in " +
            planned.volume.source + " at the source is not in " + planned.folder.native() + " here",
        "mount the same file system there, or move with --carry " + planned.volume.target);
  }
}

void make_carried(const PlannedVolume& planned) {
  fs::create_directories(planned.folder);
  if (!fs::is_empty(planned.folder))
    throw Failure(
        "",
        planned.folder.native() + ", where the volume " + planned.volume.target +
            " would come, has files in it already",
        "move them away, or say --shared " + planned.volume.target + " if they are the same");
}

void remove_carried(Engine& engine, const PlannedVolume& planned) {
  if (planned.volume.named()) return engine.remove_named_volume(planned.volume.source);
  fs::remove_all(planned.folder);
}

std::string retire_carried(Engine& engine, const PlannedVolume& planned) {
  if (planned.volume.named()) {
    engine.remove_named_volume(planned.volume.source);
    return {};
  }
  const Path retired = planned.folder.native() + ".carried";
  fs::remove_all(retired);  // of an earlier move
  fs::rename(planned.folder, retired);
  return "the volume " + planned.volume.target + " as it was: " + retired.native();
}

}  // namespace wayferry
