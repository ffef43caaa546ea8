// SPDX-License-Identifier: MIT
#include "session/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "session/names.h"
#include "util/error.h"

namespace wayferry {
namespace {

SessionRecord sample() {
  SessionRecord record;
  record.spec = {.name = "term",
                 .argv = {"foot", "-e", "bash"},
                 .environment = {"A=b", "EMPTY="},
                 .working_directory = "/home",
                 .user = {.uid = 1000, .gid = 100, .name = "ann", .home = "/home/ann"},
                 .base_kind = "rootfs",
                 .base = "/srv/desktop"};
  record.engine = "crun";
  record.state = SessionState::in_doubt;
  record.init_pid = 42;
  record.monitor_pid = 43;
  record.compositor = "/run/user/0/wayland-1";
  record.created = 1'700'000'000;
  record.move_id = std::string(32, 'a');
  record.move_host = "beta";
  return record;
}

TEST(SessionRecord, SurvivesARoundTrip) {
  const std::string text = to_json(sample()).dump();
  EXPECT_EQ(to_json(record_from_json(text, "test")).dump(), text);
}

TEST(SessionRecord, EveryStateHasAName) {
  for (const auto state : {SessionState::running, SessionState::moving, SessionState::in_doubt,
                           SessionState::incoming}) {
    SessionRecord record = sample();
    record.state = state;
    EXPECT_EQ(record_from_json(to_json(record).dump(), "test").state, state);
  }
}

TEST(SessionRecord, RejectsWhatIsNone) {
  nlohmann::json unknown_format = to_json(sample());
  unknown_format["format"] = 99;
  nlohmann::json bad_name = to_json(sample());
  bad_name["container"]["name"] = "../etc";
  nlohmann::json bad_type = to_json(sample());
  bad_type["init_pid"] = "one";
  nlohmann::json bad_home = to_json(sample());
  bad_home["container"]["user"]["home"] = "here";
  nlohmann::json no_program = to_json(sample());
  no_program["container"]["argv"] = nlohmann::json::array();
  for (const std::string& text :
       {std::string("{"), std::string("[]"), unknown_format.dump(), bad_name.dump(),
        bad_type.dump(), bad_home.dump(), no_program.dump()})
    EXPECT_THROW(record_from_json(text, "test"), ProtocolError) << text;
}

TEST(SessionName, AcceptsPlainNamesOnly) {
  for (const char* name :
       {"term", "a", "9", "my-app_2.0", "A234567890123456789012345678901234567890"})
    EXPECT_TRUE(valid_session_name(name)) << name;
  for (const char* name : {"", ".", "..", ".locks", "-rf", "a/b", "a b", "ä", "a\n",
                           "A2345678901234567890123456789012345678901"})
    EXPECT_FALSE(valid_session_name(name)) << name;
}

TEST(SessionName, IsMadeFromTheProgram) {
  const auto free = [](const std::string&) { return false; };
  EXPECT_EQ(pick_session_name("/usr/bin/foot", free), "foot");
  EXPECT_EQ(pick_session_name("???", free), "app");
  EXPECT_EQ(pick_session_name("", free), "app");
  const auto taken = [](const std::string& name) { return name == "foot" || name == "foot-2"; };
  EXPECT_EQ(pick_session_name("foot", taken), "foot-3");
}

}  // namespace
}  // namespace wayferry
