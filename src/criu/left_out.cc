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

/// What CRIU has listed itself: one that takes no library in (linked statically) lists all, in its
/// own slower way.
std::vector<Mapping> listed_in(const std::string& image) {
  std::vector<Mapping> listed;
  for (const PageRange& range : listed_ranges(image))
    listed.push_back({.start = range.start, .end = end_of(range)});
  return listed;
}

void write_ranges(const Path& path, std::vector<LeftOutRange> ranges) {
  std::ranges::sort(
      ranges, {}, [](const LeftOutRange& range) { return std::pair(range.process, range.start); });
  write_file(path, std::string(reinterpret_cast<const char*>(ranges.data()),
                               ranges.size() * sizeof(LeftOutRange)));
}

/// Whether some page of `ranges` lies in `mappings`, both in order.
bool meet(const std::vector<PageRange>& ranges, const std::vector<Mapping>& mappings) {
  auto mapping = mappings.begin();
  return std::ranges::any_of(ranges, [&](const PageRange& range) {
    while (mapping != mappings.end() && mapping->end <= range.start) ++mapping;
    return mapping != mappings.end() && mapping->start < end_of(range);
  });
}

}  // namespace

LeftOut::LeftOut(const std::map<pid_t, pid_t>& processes, Path folder, const ShortSmaps* smaps,
                 PagesSeen seen)
    : folder_(std::move(folder)), seen_(std::move(seen)) {
  // Of an attempt before, when other processes had these pids.
  std::filesystem::remove_all(folder_);
  std::filesystem::create_directory(folder_);
  for (const auto& [inner, outer] : processes) processes_[inner] = describe(outer, smaps);
  write_list();
  write_seen();
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
  write_ranges(folder_ / left_out_list, std::move(ranges));
}

void LeftOut::write_seen() const {
  std::vector<LeftOutRange> ranges;
  for (const auto& [process, seen] : seen_)
    for (const PageRange& run : seen.runs)
      ranges.push_back({.process = process, .start = run.start, .end = end_of(run)});
  write_ranges(folder_ / seen_list, std::move(ranges));
}

LeftOut::Pages LeftOut::find_pages() const {
  Pages pages;
  for (const auto& [inner, process] : processes_) {
    if (process.mappings.empty()) continue;
    const auto seen = seen_.find(process.outer);
    pages[inner] = pages_in(process.outer, process.mappings,
                            seen == seen_.end() ? std::vector<PageRange>{} : seen->second.runs);
  }
  return pages;
}

// It lists only what is there, where more may have been taken to be.
bool LeftOut::lists_itself(const Process& process, const std::vector<PageRange>& ranges,
                           const std::vector<Mapping>& listed) {
  return meet(ranges, listed) && lie_in(pages_in(process.outer, process.mappings), listed);
}

void LeftOut::enter(const Path& images) {
  for (const auto& [inner, process] : processes_)
    if (!process.cut.empty()) make_whole(images, inner, process.cut);
  for (const auto& [inner, ranges] : pages_.get()) {
    const Path path = pagemap_image_path(images, inner);
    const std::string image = read_file(path).value_or("");
    if (lists_itself(processes_.at(inner), ranges, listed_in(image))) continue;
    require_lazy(images, inner, ranges);
    write_file(path, with_lazy_ranges(image, ranges));
  }
}

}  // namespace wayferry
