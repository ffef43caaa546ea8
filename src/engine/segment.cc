// SPDX-License-Identifier: MIT
#include "engine/segment.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <ranges>
#include <thread>

#include "util/error.h"
#include "util/process.h"

namespace wayferry {
namespace {

constexpr std::string_view macvlan_prefix = "macvlan:";
constexpr std::string_view bridge_prefix = "bridge:";

// What every container calls its device.
constexpr const char* inner_device = "eth0";

// Says the address when the device comes up (Documentation/networking/ip-sysctl.rst).
constexpr const char* announce = "echo 1 > /proc/sys/net/ipv4/conf/eth0/arp_notify";

constexpr int longest_prefix = 32;

std::optional<in_addr> ipv4(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return address;
}

std::array<unsigned, 4> bytes_of(const Segment& segment) {
  const uint32_t number = ntohl(ipv4(segment.address).value().s_addr);
  return {number >> 24, number >> 16 & 0xff, number >> 8 & 0xff, number & 0xff};
}

// It becomes a word of a command.
bool is_device_name(std::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ && name[0] != '-' &&
         std::ranges::all_of(
             name,
             [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '.' || c == '-'; });
}

bool read_address(Segment& segment, std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == text.npos) return false;
  segment.address = text.substr(0, slash);
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + slash + 1, end, segment.length);
  return error == std::errc() && rest == end && segment.length >= 1 &&
         segment.length <= longest_prefix && ipv4(segment.address);
}

bool read_parts(Segment& segment, std::string_view text) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, ',')) parts.emplace_back(part.begin(), part.end());
  if (parts.size() != 2 && parts.size() != 3) return false;
  segment.device = parts[0];
  if (parts.size() == 3) segment.gateway = parts[2];
  return is_device_name(segment.device) && read_address(segment, parts[1]) &&
         (parts.size() == 2 || ipv4(segment.gateway));
}

// The bridge's end of the container's cable.
std::string port_name(const Segment& segment) {
  const auto [a, b, c, d] = bytes_of(segment);
  return std::format("wf{:02x}{:02x}{:02x}{:02x}", a, b, c, d);
}

// In one shell: this is downtime. No word needs quoting for it (read_parts).
void run_inside(const NamespaceFiles& files, const std::string& script) {
  std::vector<std::string> words = inside_network(files);
  words.insert(words.end(), {"sh", "-euc", script});
  run_checked(words);
}

// From outside, where the host's device is, straight into the container's network.
void make_device(const Segment& segment, const NamespaceFiles& files) {
  std::vector<std::string> command{"ip", "link", "add"};
  const std::vector<std::string> inner{
      "name", inner_device, "address", hardware_address(segment), "netns", files.network.native()};
  if (segment.kind == Segment::Kind::macvlan) {
    command.insert(command.end(), {"link", segment.device});
    command.insert(command.end(), inner.begin(), inner.end());
    command.insert(command.end(), {"type", "macvlan", "mode", "bridge"});
    run_checked(command);
    return;
  }
  const std::string port = port_name(segment);
  command.insert(command.end(), inner.begin(), inner.end());
  command.insert(command.end(), {"type", "veth", "peer", "name", port});
  run_checked(command);
  run_checked({"ip", "link", "set", port, "master", segment.device, "up"});
}

// In a thread of its own, which alone goes there: to start a program for it takes 10 ms.
bool has_inner_device(const Path& network) {
  bool has = false;
  const auto look = [&] {
    const UniqueFd there(::open(network.c_str(), O_RDONLY | O_CLOEXEC));
    has = there && ::setns(there.get(), CLONE_NEWNET) == 0 && ::if_nametoindex(inner_device) != 0;
  };
  std::thread(look).join();
  return has;
}

}  // namespace

std::optional<Segment> segment_from(const std::string& network) {
  Segment segment;
  std::string_view rest = network;
  if (rest.starts_with(macvlan_prefix)) {
    rest.remove_prefix(macvlan_prefix.size());
  } else if (rest.starts_with(bridge_prefix)) {
    segment.kind = Segment::Kind::bridge;
    rest.remove_prefix(bridge_prefix.size());
  } else {
    return std::nullopt;
  }
  if (!read_parts(segment, rest))
    throw Failure("", "'" + network + "' is no network",
                  "write macvlan:DEVICE,ADDRESS/LENGTH[,GATEWAY] or bridge:…, with IPv4 addresses");
  return segment;
}

std::string hardware_address(const Segment& segment) {
  const auto [a, b, c, d] = bytes_of(segment);
  // The first byte says: for one device, given by whoever runs it.
  return std::format("02:57:{:02x}:{:02x}:{:02x}:{:02x}", a, b, c, d);
}

void make_segment(const Segment& segment, const NamespaceFiles& files) {
  if (::if_nametoindex(segment.device.c_str()) == 0)
    throw Failure("", "there is no network device " + segment.device + " here",
                  "the container's address needs one of that name on every host");
  make_device(segment, files);
  run_inside(files, std::format("{}; ip address add {}/{} dev {}", announce, segment.address,
                                segment.length, inner_device));
  close_segment(files);
}

void open_segment(const Segment& segment, const NamespaceFiles& files) {
  std::string script = std::format("ip route flush default; ip link set {} up", inner_device);
  if (!segment.gateway.empty()) script += "; ip route replace default via " + segment.gateway;
  run_inside(files, script);
}

void close_segment(const NamespaceFiles& files) {
  run_inside(files,
             std::format("ip link set {} down; ip route replace default dev lo", inner_device));
}

void remove_segment(const NamespaceFiles& files) {
  if (!has_inner_device(files.network)) return;  // most containers have none
  std::vector<std::string> command = inside_network(files);
  command.insert(command.end(), {"ip", "link", "delete", inner_device});
  run(command);
}

}  // namespace wayferry
