// SPDX-License-Identifier: MIT
#include "engine/app_user.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <ranges>
#include <string_view>
#include <vector>

#include "util/error.h"

namespace wayferry {
namespace {

// The places of an entry's parts (passwd(5); the first three are those of group(5) as well).
enum Part : size_t { part_name = 0, part_number = 2, part_group = 3, part_home = 5 };

using Entry = std::vector<std::string>;

std::optional<uint32_t> account_number(std::string_view text) {
  uint32_t number = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return number;
}

// By its name or its number. A line that is not as it should be is nobody's.
std::optional<Entry> find_entry(const std::string& file, std::string_view wanted, size_t parts) {
  for (const auto line : std::views::split(file, '\n')) {
    Entry entry;
    for (const auto part : std::views::split(line, ':'))
      entry.emplace_back(part.begin(), part.end());
    if (entry.size() < parts || !account_number(entry[part_number])) continue;
    if (entry[part_name] == wanted || entry[part_number] == wanted) return entry;
  }
  return std::nullopt;
}

AppUser find_account(const std::string& text, const std::string& users) {
  const auto number = account_number(text);
  if (const auto entry = find_entry(users, text, part_home + 1))
    return {.uid = *account_number((*entry)[part_number]),
            .gid = account_number((*entry)[part_group]).value_or(0),
            .name = (*entry)[part_name],
            .home = (*entry)[part_home]};
  if (!number)
    throw Failure("", "the app's root file system has no user " + text,
                  "name one of its /etc/passwd, or a number");
  return {.uid = *number, .gid = 0, .name = text, .home = "/"};
}

gid_t find_group(const std::string& text, const std::string& groups) {
  if (const auto number = account_number(text)) return *number;
  if (const auto entry = find_entry(groups, text, part_number + 1))
    return *account_number((*entry)[part_number]);
  throw Failure("", "the app's root file system has no group " + text,
                "name one of its /etc/group, or a number");
}

}  // namespace

AppUser find_user(const std::string& text, const Accounts& accounts) {
  if (text.empty()) return {};
  const size_t colon = text.find(':');
  AppUser user = find_account(text.substr(0, colon), accounts.users);
  if (colon != text.npos) user.gid = find_group(text.substr(colon + 1), accounts.groups);
  return user;
}

}  // namespace wayferry
