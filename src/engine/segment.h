// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "engine/namespaces.h"

// An address of the container's own on a network segment that source and target are both on: so the
// address moves with the app, and connections to it can go on. What "exactly one" asks of it: the
// segment hears from the container only where, and only while, the app is allowed to run. Closed,
// the device is down, so that nothing is acknowledged that the other side's copy would never see,
// and a route leads what the kernel has to say into the loopback, where it is discarded; restored
// connections need some route. Knows nothing of CRIU or of who owns the app.

namespace wayferry {

struct Segment {
  enum class Kind {
    macvlan,  ///< a device of its own upon one of the host's
    bridge,   ///< a port of a bridge of the host's
  };
  Kind kind = Kind::macvlan;
  std::string device;   ///< the host's, called the same on each
  std::string address;  ///< IPv4, without its length
  int length = 0;       ///< of the network's part of the address
  std::string gateway;  ///< empty: there is nothing beyond the segment
};

/// Reads "macvlan:DEVICE,ADDRESS/LENGTH[,GATEWAY]" or the same with bridge. Nothing if it is the
/// name of some other network; throws Failure if it begins so and goes on otherwise.
std::optional<Segment> segment_from(const std::string& network);

/// The address of the container's device (MAC). It follows from the IPv4 address, so that
/// neighbours which know it need not ask again after a move.
std::string hardware_address(const Segment& segment);

/// Makes the container's device in a network of namespaces.h: closed. Throws Failure if this host
/// has no such device.
void make_segment(const Segment& segment, const NamespaceFiles& files);

/// Both may be said twice. Opened, it tells the segment where the address is now.
void open_segment(const Segment& segment, const NamespaceFiles& files);
void close_segment(const NamespaceFiles& files);

/// Takes the device away at once, which the end of the network does sometime. None is no error.
void remove_segment(const NamespaceFiles& files);

}  // namespace wayferry
