// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/io.h"

// A CRIU configuration file: the one door to CRIU's options that every container engine leaves open
// (runc and crun by the annotation org.criu.config, Docker and Podman by /etc/criu/runc.conf).
// Options in it win over what the engine asks for. It knows nothing of what the options mean; what
// must not stand in such a file (it would crash CRIU) is refused here, in one place.

namespace wayferry {

class CriuConfig {
 public:
  /// A switch: add("file-locks").
  CriuConfig& add(std::string_view option);
  /// An option with its value: add("external", "unix[123]").
  CriuConfig& add(std::string_view option, std::string_view value);

  /// CRIU does not cut connections off while it dumps them: somebody else has. Only for a file of
  /// CriuOptions::environment; in another it is the option that crashes CRIU.
  CriuConfig& leave_network_open();

  /// The file's text: one option a line, no dashes.
  const std::string& text() const { return text_; }
  /// Written plainly, not by write_file: that waits for the disk, in the middle of a downtime, for
  /// a file which nobody needs after a crash.
  void write(const Path& path) const;

 private:
  std::string text_;
};

/// Who tells CRIU where its options are: the runtime, asked by an annotation, or the environment
/// (CRIU_CONFIG_FILE).
enum class CriuOptions { annotation, environment };

/// What becomes of established TCP connections.
enum class TcpConnections { close, keep };

/// What every dump and restore has in common. The level of the log is that of errors: CRIU's debug
/// log grows with the app, and its error lines are all that we quote.
CriuConfig common_criu_config(TcpConnections connections);

}  // namespace wayferry
