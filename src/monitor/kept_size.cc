// SPDX-License-Identifier: MIT
#include "monitor/kept_size.h"

#include <algorithm>

#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

constexpr size_t size_bytes = 8;  // width and height come first

bool leaves_open(std::string_view body) {
  return body.substr(0, size_bytes) == std::string(size_bytes, '\0');
}

// The app has said what its window's size is, and it is another.
bool has_another_size(Connection& model, const Object& toplevel) {
  const Object* window = model.objects.find(toplevel.maker);
  if (!window) return false;
  const auto geometry =
      std::ranges::find(window->log, request::xdg_surface::set_window_geometry, &Recorded::opcode);
  // x, y, width, height
  return geometry != window->log.end() && geometry->body.substr(size_bytes) != toplevel.kept_size;
}

}  // namespace

void note_first_configure(Object& toplevel, std::string_view body) {
  toplevel.kept_size.clear();
  if (leaves_open(body) && !leaves_open(toplevel.told_configure))
    toplevel.kept_size = toplevel.told_configure.substr(0, size_bytes);
}

std::string with_kept_size(Connection& model, Object& toplevel, std::string_view body) {
  if (toplevel.kept_size.empty()) return {};
  if (!leaves_open(body) || has_another_size(model, toplevel)) toplevel.kept_size.clear();
  if (toplevel.kept_size.empty()) return {};
  return toplevel.kept_size + std::string(body.substr(size_bytes));
}

}  // namespace wayferry
