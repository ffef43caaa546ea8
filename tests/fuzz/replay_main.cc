// SPDX-License-Identifier: MIT
//
// Runs a fuzz target over a folder's files without a fuzzer, each as it is and in a few
// damaged versions that are the same in every run. So what the fuzzer once found, and the seeds,
// belong to every test run, whatever the compiler.
#include <cstdio>
#include <filesystem>
#include <random>

#include "util/io.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using wayferry::Path;

constexpr int versions = 30;

void run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

// A byte changed, a piece cut out, a piece doubled.
std::string damaged(std::string input, std::mt19937& random) {
  const auto below = [&](size_t end) { return end ? random() % end : 0; };
  const size_t at = below(input.size());
  const size_t length = 1 + below(16);
  switch (below(3)) {
    case 0:
      input[at] = static_cast<char>(random());
      break;
    case 1:
      input.erase(at, length);
      break;
    default:
      input.insert(at, input.substr(below(input.size()), length));
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  size_t inputs = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const std::string input = wayferry::read_file(entry.path()).value();
      std::printf("%s\n", entry.path().c_str());
      std::fflush(stdout);
      run(input);
      std::mt19937 random(static_cast<unsigned>(input.size()));
      for (int version = 0; version < versions && !input.empty(); ++version)
        run(damaged(input, random));
      ++inputs;
    }
  std::printf("%zu inputs\n", inputs);
  return inputs > 0 ? 0 : 1;
}
