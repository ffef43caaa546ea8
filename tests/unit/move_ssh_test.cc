// SPDX-License-Identifier: MIT
// All the ways in which a connection can fail before it is one, with a stand-in for ssh.
#include "move/ssh.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <format>
#include <fstream>
#include <future>

#include "fake/fake_host.h"
#include "move/journal.h"
#include "util/error.h"
#include "util/io.h"
#include "util/peer_sockets.h"

namespace wayferry {
namespace {

class Ssh : public testing::Test {
 protected:
  /// A program that behaves as ssh whose remote side does this.
  void remote_does(const std::string& script) const {
    const Path program = folder_.path() / "ssh";
    std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ::setenv("WAYFERRY_SSH", program.c_str(), 1);
  }
  void TearDown() override { ::unsetenv("WAYFERRY_SSH"); }

  static std::string failure(std::chrono::seconds limit = login_limit) {
    try {
      Receiving receiving("beta", receive_there("beta", "/run/lent", ""));
      receiving.await("0.1.0", limit);
      return "";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }
  static testing::AssertionResult contains(const std::string& text, const std::string& part) {
    if (text.find(part) != text.npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "'" << part << "' is not in: " << text;
  }

  fake::TemporaryFolder folder_;
};

TEST_F(Ssh, ConnectsToTheSameProtocol) {
  remote_does("printf '" + greeting_line("0.0.9") + "'; cat >/dev/null");
  EXPECT_EQ(failure(), "");
}

TEST_F(Ssh, QuotesSshWhenUnreachable) {
  remote_does("echo 'ssh: connect to host beta port 22: Connection refused' >&2; exit 255");
  EXPECT_TRUE(contains(failure(), "beta: cannot be reached: ssh: connect to host beta port 22"));
}

TEST_F(Ssh, IsNotWaitedForWhenItHangs) {
  remote_does("exec sleep 1000");
  EXPECT_TRUE(contains(failure(std::chrono::seconds(0)), "beta: nothing answers there"));
}

TEST_F(Ssh, NoticesAMissingWayferry) {
  remote_does("echo 'sh: 1: wayferry: not found' >&2; exit 127");
  EXPECT_TRUE(contains(failure(), "beta: wayferry is not installed there"));
}

TEST_F(Ssh, NamesBothVersions) {
  remote_does("echo 'WAYFERRY RECEIVE 99 7.5.3'; cat >/dev/null");
  const std::string text = failure();
  EXPECT_TRUE(contains(text, "wayferry 7.5.3 there speaks protocol 99"));
  EXPECT_TRUE(contains(text, "wayferry 0.1.0 here protocol " + std::to_string(transfer_protocol)));
}

TEST_F(Ssh, AcceptsNothingButTheGreeting) {
  for (const std::string line : {"Welcome to beta!", "WAYFERRY RECEIVE", "WAYFERRY RECEIVE x 1",
                                 "WAYFERRY RECEIVE 1 0.1.0 surplus"}) {
    remote_does("echo '" + line + "'; cat >/dev/null");
    EXPECT_TRUE(contains(failure(), "the remote shell said '" + line)) << line;
  }
}

TEST_F(Ssh, AsksTheJournal) {
  remote_does("printf '" + resolved_line(Owner::target) + "'");
  EXPECT_EQ(ask_over_ssh("beta", make_move_id()), Owner::target);
  remote_does("printf '" + resolved_line(Owner::source) + "'");
  EXPECT_EQ(ask_over_ssh("beta", make_move_id()), Owner::source);
  remote_does("exit 255");
  EXPECT_EQ(ask_over_ssh("beta", make_move_id()), std::nullopt);
  remote_does("echo 'WAYFERRY RESOLVED perhaps'");
  EXPECT_EQ(ask_over_ssh("beta", make_move_id()), std::nullopt);
}

TEST_F(Ssh, SendsSmallPacketsAtOnceDuringTheLogin) {
  const UniqueFd listener(check("socket", ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  sockaddr_in place{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof place;
  const auto address = reinterpret_cast<sockaddr*>(&place);
  check("bind", ::bind(listener.get(), address, size));
  check("listen", ::listen(listener.get(), 1));
  check("getsockname", ::getsockname(listener.get(), address, &size));
  const Path pid = folder_.path() / "pid";
  remote_does(
      std::format("exec bash -c 'echo $$ > {}; exec 3<>/dev/tcp/127.0.0.1/{}; echo >&3; read -u 3; "
                  "printf \"{}\"; cat > /dev/null'",
                  pid.native(), ntohs(place.sin_port),
                  "WAYFERRY RECEIVE " + std::to_string(transfer_protocol) + " 0.1.0\\n"));
  auto receiving = std::async(std::launch::async, [] { return failure(); });
  const UniqueFd there(check("accept", ::accept(listener.get(), nullptr, nullptr)));
  std::byte connected{};
  ASSERT_EQ(read_full(there.get(), {&connected, 1}), 1U);
  const auto ssh = static_cast<pid_t>(std::stoi(read_file(pid).value()));
  const UniqueFd held(static_cast<int>(check("pidfd_open", ::syscall(SYS_pidfd_open, ssh, 0))));
  const UniqueFd its_end = fetch_descriptor(held, 3);
  int at_once = 0;
  for (int i = 0; i < 500 && at_once == 0; ++i) {
    ::usleep(10'000);
    socklen_t length = sizeof at_once;
    check("getsockopt", ::getsockopt(its_end.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, &length));
  }
  EXPECT_NE(at_once, 0);
  write_all(there.get(), "logged in\n");
  EXPECT_EQ(receiving.get(), "");
}

TEST_F(Ssh, OnlyWhatIsWaitedForGoesFirst) {
  constexpr const char* first = "IPQoS=16";
  const auto between = [](Urgency urgency) {
    return ssh_between_sockets("beta", "/run/here", "/run/door", urgency);
  };
  EXPECT_TRUE(std::ranges::contains(between(Urgency::first), first));
  EXPECT_TRUE(std::ranges::contains(ssh_command("beta", {"true"}, Urgency::first), first));
  EXPECT_FALSE(std::ranges::contains(between(Urgency::usual), first));
  // What is not ours to decide.
  for (const std::string& word : ssh_command("beta", {"true"}))
    EXPECT_FALSE(word.contains("IPQoS"));
}

TEST_F(Ssh, LendsAConnectionOnlyWhereASocketCanBe) {
  EXPECT_TRUE(lending_place("/run/wayferry/term").native().starts_with("/run/wayferry/term/ssh."));
  EXPECT_TRUE(lending_place("/run/" + std::string(80, 'x')).empty());
  const auto lends = receive_there("beta", "/run/100%", "");
  EXPECT_TRUE(std::ranges::contains(lends, "/run/100%%"));
  EXPECT_TRUE(std::ranges::contains(lends, "ControlMaster=yes"));
  EXPECT_TRUE(std::ranges::contains(receive_there("beta", "", ""), "ControlMaster=no"));
}

TEST_F(Ssh, AHostIsNeverAnOption) {
  ::unsetenv("WAYFERRY_SSH");
  const std::string evil = "-oProxyCommand=evil";
  for (const auto& command :
       {ssh_command(evil, {"true"}), ssh_between_sockets(evil, "/run/here", "/run/door"),
        ssh_asking_to_listen("/run/lent", evil, "/run/here", "/run/door"),
        receive_there(evil, "/run/lent", "")}) {
    const auto dashes = std::ranges::find(command, "--");
    ASSERT_NE(dashes, command.end());
    EXPECT_EQ(*(dashes + 1), evil);
  }
}

}  // namespace
}  // namespace wayferry
