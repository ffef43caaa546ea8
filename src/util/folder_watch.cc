// SPDX-License-Identifier: MIT
#include "util/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "util/error.h"

namespace wayferry {

FolderWatch::FolderWatch(const Path& folder, uint32_t events)
    : fd_(check("inotify_init1", ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK))) {
  check("inotify_add_watch", ::inotify_add_watch(fd_.get(), folder.c_str(), events),
        folder.native());
}

std::set<std::string> FolderWatch::names() {
  alignas(inotify_event) char buffer[16384];
  std::set<std::string> names;
  while (true) {
    const ssize_t n = ::read(fd_.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EAGAIN) return names;
    check("read", n, "inotify");
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      if (event->len > 0) names.insert(event->name);  // an overflow has none
      at += static_cast<ssize_t>(sizeof *event + event->len);
    }
  }
}

}  // namespace wayferry
