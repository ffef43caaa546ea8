// SPDX-License-Identifier: MIT
#include "criu/left_out.h"

#include <algorithm>

#include "criu/left_out_list.h"
#include "criu/memory_image.h"
#include "util/error.h"

namespace wayferry {

namespace {

// From then on its restore would hand out zeros for pages that nobody fills.
void require_lazy(const Path& images, pid_t inner, const std::vector<PageRange>& ranges) {
  const std::string name = "mm-" + std::to_string(inner) + ".img";
  if (lie_in(ranges, mappings_restored_lazily(read_file(images / name).value_or("")))) return;
  throw ProtocolError(name, "CRIU does not restore later what was left out of its dump");
}

/// Whether CRIU has listed all of these itself: one that takes no library in (linked statically)
/// does, in its own slower way.
bool lists_itself(const std::string& image, const std::vector<PageRange>& ranges) {
  std::vector<Mapping> listed;
  for (const PageRange& range : listed_ranges(image))
    listed.push_back({.start = range.start, .end = range.start + range.pages * page_size});
  return lie_in(ranges, listed);
}

}  // namespace

LeftOut::LeftOut(std::map<pid_t, pid_t> processes, Path list)
    : processes_(std::move(processes)), list_(std::move(list)) {
  for (const auto& [inner, outer] : processes_) mappings_[inner] = lazy_mappings(outer);
  write_list();
  pages_ = std::async(std::launch::async, [this] { return find_pages(); });
}

void LeftOut::write_list() const {
  std::vector<LeftOutRange> ranges;
  for (const auto& [inner, mappings] : mappings_)
    for (const Mapping& mapping : mappings)
      ranges.push_back(
          {.process = processes_.at(inner), .start = mapping.start, .end = mapping.end});
  std::ranges::sort(
      ranges, {}, [](const LeftOutRange& range) { return std::pair(range.process, range.start); });
  write_file(list_, std::string(reinterpret_cast<const char*>(ranges.data()),
                                ranges.size() * sizeof(LeftOutRange)));
}

LeftOut::Pages LeftOut::find_pages() const {
  Pages pages;
  for (const auto& [inner, mappings] : mappings_)
    if (!mappings.empty()) pages[inner] = pages_in(processes_.at(inner), mappings);
  return pages;
}

void LeftOut::enter(const Path& images) {
  for (const auto& [inner, ranges] : pages_.get()) {
    const Path path = pagemap_image_path(images, inner);
    const std::string image = read_file(path).value_or("");
    if (lists_itself(image, ranges)) continue;
    require_lazy(images, inner, ranges);
    write_file(path, with_lazy_ranges(image, ranges));
  }
}

}  // namespace wayferry
