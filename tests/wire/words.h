// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "script.h"
#include "wire/protocol.h"

// The words of a script's line, without meaning: names, numbers, texts.

namespace wayferry::test {

/// One argument as a script writes it.
struct Term {
  enum class Kind { anything, number, text, block, null, name, made, id_of, file };
  Kind kind = Kind::anything;
  uint32_t word = 0;               ///< the number
  std::string text{};              ///< of a text, block or file; the name
  std::optional<uint32_t> wanted;  ///< the number that a new object shall have
  size_t times = 1;                ///< of files: how many
};

class Line {
 public:
  Line(size_t number, std::string_view text) : number_(number), rest_(text) { skip_spaces(); }

  bool at_end() const { return rest_.empty(); }
  size_t number() const { return number_; }
  /// Takes these words if they come next.
  bool take(std::string_view words);
  void need(std::string_view words);
  /// A name or the like: letters, digits, underscores.
  std::string name();
  /// A number; of a fixed argument, in its units of 1/256.
  uint32_t word(bool fixed);
  std::string quoted();
  Term term(const Argument& argument);
  [[noreturn]] void fail(const std::string& text) const { throw ScriptError(number_, text); }

 private:
  void skip_spaces();
  std::string block();
  size_t times();
  Term made();

  size_t number_;
  std::string_view rest_;
};

}  // namespace wayferry::test
