// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "move/transfer.pb.h"

// Folders of the host that an app sees. None is ever lost silently: each either goes with the app
// (carried: copied before the freeze, its last differences inside), or is expected on the target
// (shared: a network file system; a file made here must be seen there), or the move is refused.

namespace wayferry {

/// What the user decided: volumes by the place inside the container; "all" is each of them.
struct VolumeWishes {
  std::vector<std::string> carry;
  std::vector<std::string> shared;
};

enum class VolumeWay { carried, shared };

struct PlannedVolume {
  Volume volume;
  VolumeWay way = VolumeWay::carried;
  Path folder;  ///< on this host
};

/// (source) Throws Failure for a volume without a wish, or a wish for no volume.
std::vector<PlannedVolume> plan_volumes(Engine& engine, const ContainerSpec& spec,
                                        const VolumeWishes& wishes);
/// Where the files lie that travel, in the order in which they are sent: what the app wrote to its
/// root file system, what is in its run_folder(), the volumes that are carried.
std::vector<Path> travelling_folders(const Engine& engine, const ContainerDirs& dirs,
                                     const std::vector<PlannedVolume>& plan);

/// (source) Makes a file in each shared volume, for the target to see, for as long as this lives.
class VolumeMarkers {
 public:
  VolumeMarkers(const std::vector<PlannedVolume>& plan, const std::string& move_id);
  ~VolumeMarkers();
  VolumeMarkers(const VolumeMarkers&) = delete;
  VolumeMarkers& operator=(const VolumeMarkers&) = delete;

 private:
  std::vector<Path> files_;
};

void describe_volumes(const std::vector<PlannedVolume>& plan, transfer::Offer& offer);
/// (target) The same from an offer. Throws ProtocolError for one that does not fit its container.
std::vector<PlannedVolume> planned_volumes(Engine& engine, const ContainerSpec& spec,
                                           const transfer::Offer& offer);

/// (target) Throws Failure unless every shared volume is the one that the source means.
void require_shared(const std::vector<PlannedVolume>& plan, const std::string& move_id);
/// (target) Makes the folder of a carried volume. Throws Failure if something is in it already.
void make_carried(const PlannedVolume& planned);
/// (target) Undoes that.
void remove_carried(Engine& engine, const PlannedVolume& planned);

/// (source) After the commit: what was carried is no longer the app's. A named volume is removed, a
/// folder is renamed, since others may need it. Returns a line for the user, if there is one.
std::string retire_carried(Engine& engine, const PlannedVolume& planned);

}  // namespace wayferry
