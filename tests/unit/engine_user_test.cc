// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "engine/app_user.h"
#include "util/error.h"

namespace wayferry {
namespace {

const Accounts accounts{
    .users =
        "root:x:0:0:root:/root:/bin/bash\n"
        "# a remark\n"
        "half:x:7\n"
        "ann:x:1000:100:Ann,,:/home/ann:/bin/sh\n",
    .groups = "root:x:0:\nusers:x:100:ann\nvideo:x:44:\n",
};

TEST(AppUser, IsRootWhereNobodyIsNamed) {
  const AppUser user = find_user("", accounts);
  EXPECT_EQ(user.uid, 0U);
  EXPECT_EQ(user.gid, 0U);
  EXPECT_EQ(user.home, "/root");
  EXPECT_EQ(user.runtime_folder(), "/run/user/0");
}

TEST(AppUser, IsFoundByNameAndByNumber) {
  for (const char* text : {"ann", "1000"}) {
    const AppUser user = find_user(text, accounts);
    EXPECT_EQ(user.uid, 1000U);
    EXPECT_EQ(user.gid, 100U);
    EXPECT_EQ(user.name, "ann");
    EXPECT_EQ(user.home, "/home/ann");
    EXPECT_EQ(user.runtime_folder(), "/run/user/1000");
  }
}

TEST(AppUser, TakesTheGroupThatIsNamed) {
  EXPECT_EQ(find_user("ann:video", accounts).gid, 44U);
  EXPECT_EQ(find_user("ann:4711", accounts).gid, 4711U);
}

TEST(AppUser, MayBeANumberOfNobodys) {
  const AppUser user = find_user("7:8", {});
  EXPECT_EQ(user.uid, 7U);
  EXPECT_EQ(user.gid, 8U);
  EXPECT_EQ(user.home, "/");
}

TEST(AppUser, IsRefusedWhereTheNameIsNotThere) {
  for (const char* text : {"half", "bob", "ann:nobodies", "-1", "99999999999", "ann:"})
    EXPECT_THROW(find_user(text, accounts), Failure) << text;
}

}  // namespace
}  // namespace wayferry
