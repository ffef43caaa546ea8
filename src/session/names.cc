// SPDX-License-Identifier: MIT
#include "session/names.h"

#include <algorithm>

#include "util/error.h"

namespace wayferry {
namespace {

constexpr size_t longest_name = 40;

// Not isalnum(): its answer depends on the locale, and both hosts must agree.
bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool name_character(char c) {
  return letter_or_digit(c) || c == '-' || c == '_' || c == '.';
}

}  // namespace

bool valid_session_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_name && letter_or_digit(name[0]) &&
         std::ranges::all_of(name, name_character);
}

void require_session_name(std::string_view name) {
  if (valid_session_name(name)) return;
  throw Failure("", "'" + std::string(name) + "' cannot be the name of a session",
                "use at most 40 letters, digits, '-', '_' and '.', a letter or digit first");
}

std::string pick_session_name(std::string_view program,
                              const std::function<bool(const std::string&)>& taken) {
  std::string base(program.substr(program.rfind('/') + 1));
  std::erase_if(base, [](char c) { return !name_character(c); });
  base.resize(std::min<size_t>(base.size(), longest_name - 5));
  if (!valid_session_name(base)) base = "app";
  std::string name = base;
  for (int n = 2; taken(name); ++n) name = base + "-" + std::to_string(n);
  return name;
}

}  // namespace wayferry
