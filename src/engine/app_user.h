// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <string>

// As whom an app runs in its container. Names are looked up once, when it is started, in what its
// image says: from then on there are numbers, so that no host looks them up again and finds others.

namespace wayferry {

struct AppUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name = "root";
  std::string home = "/root";

  /// Its XDG_RUNTIME_DIR, absolute.
  std::string runtime_folder() const { return "/run/user/" + std::to_string(uid); }
};

/// The texts of an image's /etc/passwd and /etc/group (passwd(5), group(5)); empty: it has none.
struct Accounts {
  std::string users;
  std::string groups;
};

/// `text` is USER or USER:GROUP, each a name or a number, as docker and podman take it; empty is
/// root. A number may be nobody's: its group is then 0 and its home /. Throws Failure for a name
/// that is not there.
AppUser find_user(const std::string& text, const Accounts& accounts);

}  // namespace wayferry
