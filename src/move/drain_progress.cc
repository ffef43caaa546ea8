// SPDX-License-Identifier: MIT
#include "move/drain_progress.h"

#include <format>
#include <fstream>
#include <nlohmann/json.hpp>

#include "criu/pagemap.h"

namespace wayferry {
namespace {

double megabytes(double bytes) {
  return bytes / 1e6;
}

}  // namespace

void DrainProgress::now(uint64_t done_pages, uint64_t all_pages, uint64_t faults, bool connected) {
  if (!begun_) {
    begun_ = true;
    begin_ = Clock::now();
    first_done_ = done_pages;
  }
  done_ = done_pages;
  all_ = all_pages;
  faults_ = faults;
  connected_ = connected;
}

double DrainProgress::bytes_per_second() const {
  const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
  return seconds > 0 ? static_cast<double>((done_ - first_done_) * page_size) / seconds : 0;
}

double DrainProgress::seconds_left() const {
  const double rate = bytes_per_second();
  return rate > 0 ? static_cast<double>((all_ - done_) * page_size) / rate : 0;
}

std::string DrainProgress::text() const {
  const auto bytes = [](uint64_t pages) {
    return megabytes(static_cast<double>(pages * page_size));
  };
  if (!connected_)
    return std::format("{:.0f} of {:.0f} MB, no connection, trying again", bytes(done_),
                       bytes(all_));
  return std::format("{:.0f} of {:.0f} MB, {:.0f} MB/s, {:.0f} s left, {} faults", bytes(done_),
                     bytes(all_), megabytes(bytes_per_second()), seconds_left(), faults_);
}

std::string DrainProgress::bar(unsigned width) const {
  const uint64_t full = all_ > 0 ? width * done_ / all_ : width;
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

void DrainProgress::publish(const Path& file) const {
  const nlohmann::json json{{"done_bytes", done_ * page_size},
                            {"all_bytes", all_ * page_size},
                            {"bytes_per_second", bytes_per_second()},
                            {"seconds_left", seconds_left()},
                            {"faults", faults_},
                            {"connected", connected_}};
  const Path next = file.native() + ".new";
  std::ofstream(next) << json.dump();
  std::error_code gone;  // with its session's folder
  std::filesystem::rename(next, file, gone);
}

}  // namespace wayferry
