// SPDX-License-Identifier: MIT
//
// wayferry-scanner BASELINE RULES OUT_DIR XML…
// Writes opcodes.gen.h, protocol.gen.cc (for src/wire) and carry.gen.cc (for src/model).

#include <fstream>
#include <iostream>

#include "ir.h"

namespace {

void write(const std::string& file, const std::string& text) {
  std::ofstream stream(file);
  stream << text;
  if (!stream.flush()) throw wayferry::scanner::ScanError(file + ": cannot be written");
}

void scan(const std::vector<std::string>& args) {
  using namespace wayferry::scanner;
  Interfaces interfaces;
  for (size_t i = 3; i < args.size(); ++i) read_xml(args[i], interfaces);
  const Baseline baseline = read_baseline(args[0]);
  const Blocks blocks = read_rules(args[1]);
  check_rules(interfaces, baseline, blocks);
  write(args[2] + "/wire/opcodes.gen.h", emit_opcodes(interfaces));
  write(args[2] + "/wire/protocol.gen.cc", emit_protocol(interfaces, baseline));
  write(args[2] + "/model/carry.gen.cc", emit_carry(interfaces, blocks));
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (args.size() < 4) {
    std::cerr << "usage: wayferry-scanner BASELINE RULES OUT_DIR XML…\n";
    return 2;
  }
  try {
    scan(args);
  } catch (const std::exception& error) {
    std::cerr << "wayferry-scanner: " << error.what() << "\n";
    return 1;
  }
  return 0;
}
