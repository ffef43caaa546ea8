// SPDX-License-Identifier: MIT
#include "move/checks.h"

#include <algorithm>
#include <charconv>
#include <format>

#include "move/host.h"
#include "util/error.h"

namespace wayferry {
namespace {

using transfer::Facts;

std::string megabytes(uint64_t bytes) {
  return std::format("{} MB", (bytes + 999'999) / 1'000'000);
}

std::string missing_features(const Facts& here, const Facts& there) {
  std::string missing;
  for (const std::string& feature : here.cpu_features())
    if (std::ranges::find(there.cpu_features(), feature) == there.cpu_features().end())
      missing += (missing.empty() ? "" : " ") + feature;
  return missing;
}

void require_processor(const Facts& here, const Facts& there, const std::string& host) {
  if (here.architecture() != there.architecture())
    throw Failure(
        host,
        std::format("the machine is {}, this one is {}", there.architecture(), here.architecture()),
        "move to a machine of the same architecture");
  if (const std::string missing = missing_features(here, there); !missing.empty())
    throw Failure(
        host, "the processor lacks what the app may be using: " + missing,
        "start the app with GLIBC_TUNABLES=glibc.cpu.hwcaps=… without these, or move to a "
        "machine with as new a processor");
}

void require_criu(const Facts& here, const Facts& there, const std::string& host) {
  if (here.criu_version().empty()) throw Failure("", "criu is not installed", "install criu");
  if (there.criu_version().empty())
    throw Failure(host, "criu is not installed", "install criu there");
  if (version_numbers(there.criu_version()) < version_numbers(here.criu_version()))
    throw Failure(host,
                  std::format("CRIU {} cannot be trusted with images of CRIU {}",
                              there.criu_version(), here.criu_version()),
                  "install the same or a newer version there");
}

void require_space(const Facts& facts, const Needs& needs, const std::string& host) {
  if (facts.images_free() < needs.memory)
    throw Failure(host,
                  std::format("the app's memory needs {}, {} are free for it",
                              megabytes(needs.memory), megabytes(facts.images_free())),
                  "free space in /run or /var/lib/wayferry");
  if (facts.disk_free() < needs.files)
    throw Failure(host,
                  std::format("the app's files need {}, {} are free for them",
                              megabytes(needs.files), megabytes(facts.disk_free())),
                  "free space in /var/lib/wayferry");
}

void require_memory(const Facts& there, const Needs& needs, const std::string& host) {
  if (there.memory_free() >= needs.following) return;
  throw Failure(host,
                std::format("the app's memory needs {} there, each of its processes what it shares "
                            "with others included, and {} are free",
                            megabytes(needs.following), megabytes(there.memory_free())),
                "end other programs there, or add swap; what processes share since a fork they "
                "go on sharing with --mode eager");
}

}  // namespace

void require_lazy(const Facts& here, const Facts& there, const std::string& host) {
  for (const auto& [facts, where] : {std::pair(&here, std::string()), std::pair(&there, host)})
    for (const transfer::Obstacle& obstacle : facts->lazy_obstacles())
      throw Failure(where, "memory cannot follow the app: " + obstacle.text(),
                    obstacle.cure() + "; or move with --mode eager");
}

std::string obstacles_to_lazy(const Facts& here, const Facts& there, const std::string& host) {
  std::string all;
  for (const auto& [facts, where] : {std::pair(&here, this_host()), std::pair(&there, host)})
    for (const transfer::Obstacle& obstacle : facts->lazy_obstacles())
      all += std::format("{}{}: {} (cure: {})", all.empty() ? "" : "; ", where, obstacle.text(),
                         obstacle.cure());
  return all;
}

bool choose_lazy(MoveMode mode, const Facts& here, const Facts& there, const std::string& host,
                 std::string& why_not) {
  if (mode == MoveMode::lazy) require_lazy(here, there, host);
  if (mode != MoveMode::best) return mode == MoveMode::lazy;
  why_not = obstacles_to_lazy(here, there, host);
  return why_not.empty();
}

std::vector<int> version_numbers(const std::string& version) {
  std::vector<int> numbers;
  for (size_t at = 0; at <= version.size();) {
    const size_t dot = std::min(version.find('.', at), version.size());
    int number = 0;
    std::from_chars(version.data() + at, version.data() + dot, number);
    numbers.push_back(number);
    at = dot + 1;
  }
  return numbers;
}

bool brings_guards(const std::string& criu_version) {
  return version_numbers(criu_version) >= std::vector{4, 2};
}

void require_fit(const Facts& here, const Facts& there, const Needs& needs,
                 const std::string& host) {
  require_processor(here, there, host);
  require_criu(here, there, host);
  require_space(here, {.memory = needs.memory}, "");
  require_space(there, needs, host);
  require_memory(there, needs, host);
}

}  // namespace wayferry
