// SPDX-License-Identifier: MIT
#include "move/steps.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace wayferry {

double milliseconds_since(Steps::Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Steps::Clock::now() - start).count();
}

Steps::~Steps() {
  while (!undos_.empty()) {
    const auto [effect, undo] = std::move(undos_.back());
    undos_.pop_back();
    spdlog::debug("undo: {}", effect);
    try {
      undo();
    } catch (const std::exception& error) {
      spdlog::error("undoing \"{}\" failed: {}", effect, error.what());
    }
  }
}

void Steps::run(const std::string& name, const std::function<void()>& step) {
  current_ = name;
  spdlog::debug("step: {}", name);
  const auto start = Clock::now();
  if (before_) before_(name);
  step();
  phases_.push_back({name, milliseconds_since(start)});
}

void Steps::split(const std::string& name, double ms) {
  Phase& last = phases_.back();
  ms = std::min(ms, last.ms);  // another host's clock; no phase may end up below zero
  last.ms -= ms;
  phases_.push_back({name, ms});
}

void Steps::undo_with(std::string effect, std::function<void()> undo) {
  undos_.emplace_back(std::move(effect), std::move(undo));
}

}  // namespace wayferry
