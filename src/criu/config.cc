// SPDX-License-Identifier: MIT
#include "criu/config.h"

#include <fcntl.h>

#include "util/error.h"

namespace wayferry {
namespace {

// After the options of an engine's file CRIU 4.1 looks into argv for the word "restore", but such a
// file comes without an argv: it dies of a null pointer. In the file that CRIU_CONFIG_FILE names
// the option works.
constexpr std::string_view crashes_criu = "network-lock";

// CRIU splits a line at its first blank and takes '#' for a comment and '"' for a quotation.
constexpr std::string_view not_in_a_value = " \t\n\"#\\";

}  // namespace

CriuConfig& CriuConfig::add(std::string_view option) {
  CHECK(option != crashes_criu && !option.empty() && !option.starts_with('-'));
  text_.append(option) += '\n';
  return *this;
}

CriuConfig& CriuConfig::add(std::string_view option, std::string_view value) {
  CHECK(value.find_first_of(not_in_a_value) == value.npos && !value.empty());
  add(option);
  text_.back() = ' ';
  text_.append(value) += '\n';
  return *this;
}

CriuConfig& CriuConfig::leave_network_open() {
  text_.append(crashes_criu).append(" skip\n");
  return *this;
}

void CriuConfig::write(const Path& path) const {
  const UniqueFd fd(check(
      "open", ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), path.native()));
  write_all(fd.get(), text_);
}

CriuConfig common_criu_config(TcpConnections connections) {
  CriuConfig config;
  config.add("verbosity=1");  // an optional value, so glued to its option
  config.add("file-locks");
  // A connection to a third machine cannot follow the app to another address: it comes back closed,
  // as after a change of network, rather than making the move fail.
  config.add(connections == TcpConnections::keep ? "tcp-established" : "tcp-close");
  return config;
}

}  // namespace wayferry
