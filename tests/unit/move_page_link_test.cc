// SPDX-License-Identifier: MIT
// The ways a page connection may go, with a stand-in for ssh.
#include "move/page_link.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>

#include <cstdlib>
#include <fstream>
#include <future>

#include "fake/fake_host.h"
#include "util/error.h"

namespace wayferry {
namespace {

const std::string says_nothing = "exec sleep 60";

class PageLinkTest : public testing::Test {
 protected:
  /// What an ssh does that is to listen for us, or to see to that, and one that runs a helper at
  /// the target.
  void ssh_does(const std::string& listening, const std::string& running) const {
    const Path program = folder_.path() / "ssh";
    std::ofstream(program) << "#!/bin/sh\ncase \"$*\" in *' -L '*) " << listening << " ;; *) "
                           << running << " ;; esac\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("WAYFERRY_SSH", program.c_str(), 1);
  }
  void TearDown() override { ::unsetenv("WAYFERRY_SSH"); }

  std::unique_ptr<PageLogin> borrowed() const {
    const SharedSsh shared{.control = folder_.path() / "control", .put_first = [] {}};
    return std::make_unique<PageLogin>(address_, ChannelKind::faults, here_, "/run/door", &shared);
  }

  std::unique_ptr<PageLogin> login() const {
    return std::make_unique<PageLogin>(address_, ChannelKind::bulk, here_, "/run/door");
  }

  /// As ssh does once it is logged in: who comes is connected, and answered like this.
  std::future<UniqueFd> answer_with(const std::string& line,
                                    ChannelKind expected = ChannelKind::bulk) const {
    return std::async(std::launch::async, [line, expected, listener = listen_unix(here_)] {
      UniqueFd there(check("accept", ::accept(listener.get(), nullptr, nullptr)));
      std::byte kind{};
      EXPECT_EQ(read_full(there.get(), {&kind, 1}), 1U);
      EXPECT_EQ(ChannelKind(kind), expected);
      write_all(there.get(), line);
      return there;
    });
  }

  fake::TemporaryFolder folder_;
  Path here_ = folder_.path() / "login";
  PageAddress address_{.host = "beta", .session = "term", .move_id = "0123456789abcdef"};
};

TEST_F(PageLinkTest, GoesThroughTheSocketOfAnSshThatHasLoggedInBefore) {
  ssh_does(says_nothing, "exit 1");
  auto started = login();
  auto answered = answer_with(page_greeting_line());
  std::optional<PageLink> link(std::in_place, address_, ChannelKind::bulk, std::move(started));
  UniqueFd there = answered.get();
  link->channel().send({.kind = FrameKind::tick});
  Frame frame;
  EXPECT_EQ(read_full(there.get(), std::as_writable_bytes(std::span(&frame, 1))), sizeof frame);
  EXPECT_EQ(frame.kind, FrameKind::tick);
  // Its end waits for the other one's.
  auto ended = std::async(std::launch::async, [&] { link.reset(); });
  std::byte none{};
  EXPECT_EQ(read_full(there.get(), {&none, 1}), 0U);
  there.reset();
  ended.get();
  EXPECT_FALSE(std::filesystem::exists(here_));
}

TEST_F(PageLinkTest, GoesThroughTheMovesOwnSshWhereThatIsLent) {
  const Path asked = folder_.path() / "asked";
  const Path listens = folder_.path() / "listens";
  ssh_does("echo \"$@\" > " + asked.native() + "; until [ -e " + listens.native() +
               " ]; do sleep 0.01; done",
           "exit 1");
  auto started = borrowed();
  auto answered = answer_with(page_greeting_line(), ChannelKind::faults);
  const std::ofstream told(listens);
  PageLink link(address_, ChannelKind::faults, std::move(started));
  const UniqueFd there = answered.get();
  const std::string words = read_file(asked).value_or("");
  EXPECT_TRUE(words.contains("-S " + (folder_.path() / "control").native())) << words;
  EXPECT_TRUE(words.contains("-O forward -L " + here_.native() + ":/run/door -- beta")) << words;
  // Whoever waits in it fails once it is cut, although that ssh goes on.
  auto waits = std::async(std::launch::async, [&] {
    std::vector<std::byte> payload;
    return link.channel().receive(payload, std::chrono::seconds(20), -1);
  });
  link.cut();
  EXPECT_ANY_THROW(waits.get());
}

TEST_F(PageLinkTest, GoesToAHelperWhereNothingIsLent) {
  ssh_does("exit 255", "printf '" + page_greeting_line() + "'; exec cat > /dev/null");
  PageLink(address_, ChannelKind::faults, borrowed()).channel().send({.kind = FrameKind::tick});
}

TEST_F(PageLinkTest, GoesToAHelperWhereNobodyIsAtTheDoor) {
  const Path arrived = folder_.path() / "arrived";
  const Path go = folder_.path() / "go";
  ssh_does(says_nothing, "printf '" + page_greeting_line() + "'; until [ -e " + go.native() +
                             " ]; do sleep 0.01; done; exec cat > " + arrived.native());
  auto started = login();
  auto answered = answer_with("");
  auto closed = std::async(std::launch::async, [&] { answered.get().reset(); });
  std::optional<PageLink> link(std::in_place, address_, ChannelKind::bulk, std::move(started));
  link->channel().send({.kind = FrameKind::tick});
  auto ended = std::async(std::launch::async, [&] { link.reset(); });
  const std::ofstream told(go);
  ended.get();
  closed.get();
  // What was sent before its end is there: the kind of channel, and the frame.
  EXPECT_EQ(read_file(arrived).value_or("").size(), 1 + sizeof(Frame));
}

TEST_F(PageLinkTest, GoesToAHelperWhereNothingIsForwarded) {
  ssh_does(says_nothing, "printf '" + page_greeting_line() + "'; exec cat > /dev/null");
  auto started = login();
  auto refused = std::async(std::launch::async, [this] {
    const UniqueFd listener = listen_unix(here_);
    const UniqueFd there(check("accept", ::accept(listener.get(), nullptr, nullptr)));
    EXPECT_TRUE(wait_readable(there.get(), std::chrono::seconds(20)));
  });
  PageLink link(address_, ChannelKind::bulk, std::move(started));
  refused.get();
  link.channel().send({.kind = FrameKind::tick});
}

TEST_F(PageLinkTest, GoesToAHelperWhereTheLoginHasFailed) {
  ssh_does("exit 255", "printf '" + page_greeting_line() + "'; exec cat > /dev/null");
  PageLink(address_, ChannelKind::bulk, login()).channel().send({.kind = FrameKind::tick});
}

TEST_F(PageLinkTest, SaysWhatIsSaidInsteadOfAGreeting) {
  ssh_does("exit 255", "echo 'Welcome!'");
  try {
    const PageLink link(address_, ChannelKind::bulk, login());
    FAIL() << "it took that for a greeting";
  } catch (const Failure& failure) {
    EXPECT_STREQ(failure.what(), "beta: there is no way for the pages: it says Welcome!");
  }
  ssh_does("exit 255", "printf '" + pages_over_line() + "'");
  EXPECT_THROW(PageLink(address_, ChannelKind::bulk, login()), NothingWanted);
}

TEST_F(PageLinkTest, ALoginEndsWithAllThatItHasStarted) {
  const Path grandchild = folder_.path() / "pid";
  ssh_does("sleep 60 & echo $! > " + grandchild.native() + ".new; mv " + grandchild.native() +
               ".new " + grandchild.native() + "; wait",
           "exit 1");
  auto started = login();
  for (int i = 0; i < 500 && !std::filesystem::exists(grandchild); ++i) ::usleep(10'000);
  const pid_t sleeper = std::stoi(read_file(grandchild).value());
  started.reset();
  // A zombie is left where nobody waits for it.
  const auto ended = [&] {
    const auto status = read_file("/proc/" + std::to_string(sleeper) + "/stat").value_or("");
    return status.empty() || status.contains(") Z ");
  };
  for (int i = 0; i < 500 && !ended(); ++i) ::usleep(10'000);
  EXPECT_TRUE(ended());
}

}  // namespace
}  // namespace wayferry
