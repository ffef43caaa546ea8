// SPDX-License-Identifier: MIT
#include "words.h"

#include <charconv>
#include <cmath>

namespace wayferry::test {
namespace {

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

std::string repeated(const std::string& text, size_t times) {
  std::string result;
  while (times-- > 0) result += text;
  return result;
}

}  // namespace

void Line::skip_spaces() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
}

bool Line::take(std::string_view words) {
  if (!rest_.starts_with(words)) return false;
  // A word that only begins like it is another one.
  const bool longer =
      is_name(words.back()) && rest_.size() > words.size() && is_name(rest_[words.size()]);
  if (longer) return false;
  rest_.remove_prefix(words.size());
  skip_spaces();
  return true;
}

void Line::need(std::string_view words) {
  if (!take(words))
    fail("'" + std::string(words) + "' belongs before '" + std::string(rest_) + "'");
}

std::string Line::name() {
  size_t length = 0;
  while (length < rest_.size() && is_name(rest_[length])) ++length;
  if (length == 0) fail("a name belongs before '" + std::string(rest_) + "'");
  const std::string result(rest_.substr(0, length));
  rest_.remove_prefix(length);
  skip_spaces();
  return result;
}

uint32_t Line::word(bool fixed) {
  const size_t length = std::min(rest_.find_first_of(" ,)*:"), rest_.size());
  const std::string text(rest_.substr(0, length));
  size_t used = 0;
  uint32_t result = 0;
  try {
    if (fixed)
      result = static_cast<uint32_t>(std::lround(std::stod(text, &used) * 256));
    else
      result = static_cast<uint32_t>(std::stoll(text, &used, 0));
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != length) fail("'" + text + "' is no number");
  rest_.remove_prefix(length);
  skip_spaces();
  return result;
}

std::string Line::quoted() {
  need("\"");
  const size_t length = rest_.find('"');
  if (length == std::string_view::npos) fail("a text has no end");
  const std::string result(rest_.substr(0, length));
  rest_.remove_prefix(length + 1);
  skip_spaces();
  return result;
}

std::string Line::block() {
  std::string result;
  need("[");
  while (!take("]")) {
    const std::string byte = name();
    unsigned value = 0;
    const auto [end, error] = std::from_chars(byte.data(), byte.data() + byte.size(), value, 16);
    if (error != std::errc() || end != byte.data() + byte.size() || value > 0xff)
      fail("'" + byte + "' is no byte");
    result.push_back(static_cast<char>(value));
  }
  return result;
}

size_t Line::times() {
  return take("*") ? word(false) : 1;
}

Term Line::made() {
  Term term{.kind = Term::Kind::made, .text = name()};
  if (take("=")) term.wanted = word(false);
  return term;
}

Term Line::term(const Argument& argument) {
  using Kind = Term::Kind;
  if (take("_")) return {};
  if (take("null")) return {.kind = Kind::null};
  if (take("new")) return made();
  if (take("id")) return {.kind = Kind::id_of, .text = name()};
  if (take("fds")) {
    Term term{.kind = Kind::file, .text = quoted()};
    term.times = times();
    return term;
  }
  if (take("fd")) return {.kind = Kind::file, .text = quoted()};
  if (rest_.starts_with('"')) {
    const std::string text = quoted();
    return {.kind = Kind::text, .text = repeated(text, times())};
  }
  if (rest_.starts_with('[')) {
    const std::string bytes = block();
    return {.kind = Kind::block, .text = repeated(bytes, times())};
  }
  if (argument.type == ArgType::object) return {.kind = Kind::name, .text = name()};
  return {.kind = Kind::number, .word = word(argument.type == ArgType::fixed)};
}

}  // namespace wayferry::test
