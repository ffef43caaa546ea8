// SPDX-License-Identifier: MIT
//
// fuzz_seeds OUT_DIR FILE… : turns seeds that people can read into the bytes that they stand for.
// A line is words: a number (32 bits), SIZE:OPCODE, or "text" with its end and padding; # begins a
// comment. The first word of a file is the number of descriptors and becomes one byte.
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "util/io.h"

namespace {

std::string bytes_of(uint32_t word, size_t count = 4) {
  return {reinterpret_cast<const char*>(&word), count};
}

std::string word(const std::string& text) {
  if (text.starts_with('"')) {
    std::string padded = text.substr(1, text.size() - 2) + '\0';
    padded.resize((padded.size() + 3) / 4 * 4);
    return padded;
  }
  const size_t colon = text.find(':');
  const auto number = [](const std::string& digits) {
    return static_cast<uint32_t>(std::stoll(digits, nullptr, 0));
  };
  if (colon == std::string::npos) return bytes_of(number(text));
  return bytes_of(number(text.substr(0, colon)) << 16 | number(text.substr(colon + 1)));
}

std::string convert(const std::string& seed) {
  std::string bytes;
  std::istringstream lines(seed);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string text; words >> text;) bytes += word(text);
  }
  // The count of descriptors is one byte, not four.
  return bytes.empty() ? bytes : bytes.substr(0, 1) + bytes.substr(4);
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    const wayferry::Path file(argv[i]);
    const wayferry::Path out = wayferry::Path(argv[1]) / file.stem();
    wayferry::write_file(out, convert(wayferry::read_file(file).value()));
  }
  return 0;
}
