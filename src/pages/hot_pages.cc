// SPDX-License-Identifier: MIT
#include "pages/hot_pages.h"

#include <cstring>
#include <fstream>

#include "util/error.h"

namespace wayferry {

std::vector<AppPages> with_windows(const std::vector<HotPage>& pages) {
  std::vector<AppPages> with_windows;
  for (const HotPage& hot : pages)
    with_windows.push_back(
        {.process = hot.process, .range = {.start = hot.address, .pages = hot_window}});
  return with_windows;
}

void write_hot_pages(const Path& file, const std::vector<HotPage>& pages) {
  // Not with write_file: an app that has all its memory is not to end for want of this.
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(pages.data()),
            static_cast<std::streamsize>(pages.size() * sizeof(HotPage)));
}

std::vector<HotPage> read_hot_pages(const Path& file) {
  const std::string text = read_file(file).value_or("");
  if (text.size() % sizeof(HotPage) != 0 || text.size() > most_hot_pages * sizeof(HotPage))
    throw ProtocolError("hot pages", "not a list of them");
  std::vector<HotPage> pages(text.size() / sizeof(HotPage));
  std::memcpy(pages.data(), text.data(), text.size());
  return pages;
}

}  // namespace wayferry
