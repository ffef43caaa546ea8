// SPDX-License-Identifier: MIT
#include "util/log.h"

#include <spdlog/sinks/stdout_sinks.h>

#include <cstdlib>

namespace wayferry {

void set_up_log(const std::string& role) {
  auto logger =
      std::make_shared<spdlog::logger>(role, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %n %l: %v");
  const char* level = std::getenv("WAYFERRY_LOG");
  logger->set_level(level ? spdlog::level::from_str(level) : spdlog::level::info);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace wayferry
