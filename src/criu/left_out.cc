// SPDX-License-Identifier: MIT
#include "criu/left_out.h"

#include <algorithm>

#include "criu/left_out_list.h"
#include "criu/memory_image.h"
#include "util/error.h"

namespace wayferry {

namespace {

Path memory_image_path(const Path& images, pid_t inner) {
  return images / (std::string(memory_kind) + std::to_string(inner) + ".img");
}

void make_whole(const Path& images, pid_t inner, const CutEnds& ends) {
  const Path path = memory_image_path(images, inner);
  write_file(path, with_whole_mappings(read_file(path).value_or(""), ends));
}

// From then on its restore would hand out zeros for pages that nobody fills.
void require_lazy(const Path& images, pid_t inner, const std::vector<PageRange>& ranges) {
  const Path path = memory_image_path(images, inner);
  if (lie_in(ranges, mappings_restored_lazily(read_file(path).value_or("")))) return;
  throw ProtocolError(path.filename().native(),
                      "CRIU does not restore later what was left out of its dump");
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

LeftOut::LeftOut(const std::map<pid_t, pid_t>& processes, Path folder, const ShortSmaps* smaps)
    : folder_(std::move(folder)) {
  // Of an attempt before, when other processes had these pids.
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directory(folder_);
  for (const auto& [inner, outer] : processes) processes_[inner] = describe(outer, smaps);
  write_list();
  pages_ = std::async(std::launch::async, [this] { return find_pages(); });
}

/// With its smaps for the library, if they are known.
LeftOut::Process LeftOut::describe(pid_t process, const ShortSmaps* smaps) const {
  const auto text = smaps ? smaps->of(process) : std::nullopt;
  if (!text) return {.outer = process, .mappings = lazy_mappings(process), .cut = {}};
  CutSmaps cut = cut_large_mappings(*text);
  write_file(folder_ / (std::to_string(process) + short_smaps_ending), cut.text);
  return {.outer = process, .mappings = lazy_mappings_in(*text), .cut = std::move(cut.ends)};
}

void LeftOut::write_list() const {
  std::vector<LeftOutRange> ranges;
  for (const auto& [inner, process] : processes_)
    for (const Mapping& mapping : process.mappings)
      ranges.push_back({.process = process.outer, .start = mapping.start, .end = mapping.end});
  std::ranges::sort(
      ranges, {}, [](const LeftOutRange& range) { return std::pair(range.process, range.start); });
  write_file(folder_ / left_out_list, std::string(reinterpret_cast<const char*>(ranges.data()),
                                                  ranges.size() * sizeof(LeftOutRange)));
}

LeftOut::Pages LeftOut::find_pages() const {
  Pages pages;
  for (const auto& [inner, process] : processes_)
    if (!process.mappings.empty()) pages[inner] = pages_in(process.outer, process.mappings);
  return pages;
}

void LeftOut::enter(const Path& images) {
  for (const auto& [inner, process] : processes_)
    if (!process.cut.empty()) make_whole(images, inner, process.cut);
  for (const auto& [inner, ranges] : pages_.get()) {
    const Path path = pagemap_image_path(images, inner);
    const std::string image = read_file(path).value_or("");
    if (lists_itself(image, ranges)) continue;
    require_lazy(images, inner, ranges);
    write_file(path, with_lazy_ranges(image, ranges));
  }
}

}  // namespace wayferry
