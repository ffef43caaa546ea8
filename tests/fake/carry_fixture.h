// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "model/carry.h"
#include "situation.h"

// What the tests of protocols/carry.rules share: compositors for one situation after the other, and
// checks that are told the rule, so that a test can tell a wrong one and see it found out.

namespace wayferry::test {

struct Complaint : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void expect(bool good, const std::string& text) {
  if (!good) throw Complaint(text);
}

inline std::string name_of(const Message& message, bool event) {
  return std::string(message.interface->name) + (event ? " > " : ".") + std::string(message.name);
}

// A message that no app can reach has no rule, and one with code has its own test.
template <typename Rule>
bool is_checked_by_rule(Rule rule) {
  return rule != Rule::none && rule != Rule::code;
}

class CarryRules : public ::testing::Test {
 protected:
  CarryRules() : folder_(make_folder()), compositors_(folder_) {}
  ~CarryRules() override { std::filesystem::remove_all(folder_); }

  static Path make_folder() {
    Path folder = std::filesystem::temp_directory_path() / ("carry." + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    return folder;
  }

  template <typename Check, typename Carry>
  std::string complaint(const Message& message, const Carry& carry) {
    try {
      Check(compositors_, message, carry).run();
    } catch (const Complaint& error) {
      return error.what();
    } catch (const std::exception& error) {
      return std::string("it does not even work: ") + error.what();
    }
    return "";
  }

  Path folder_;
  Compositors compositors_;
};

}  // namespace wayferry::test
