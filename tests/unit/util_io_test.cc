// SPDX-License-Identifier: MIT
#include "util/io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/error.h"
#include "util/peer_sockets.h"

namespace wayferry {
namespace {

TEST(ReadFile, OfNoFileIsNothing) {
  EXPECT_EQ(read_file("/proc/nobody/status"), std::nullopt);
}

TEST(ReadFile, OfAFolderIsAnErrorThatNamesIt) {
  try {
    read_file("/proc");
    FAIL() << "a folder was read";
  } catch (const SystemError& error) {
    EXPECT_NE(std::string(error.what()).find("/proc"), std::string::npos) << error.what();
  }
}

// Between opening and reading, the process may end. The kernel's link to an open file stands in for
// that moment: through it, a file of a process that is gone can still be opened.
TEST(ReadFile, OfAProcessThatEndsMeanwhileIsNothing) {
  const pid_t child = check("fork", ::fork());
  if (child == 0) {
    ::pause();
    ::_exit(0);
  }
  const Path status = "/proc/" + std::to_string(child) + "/status";
  const UniqueFd fd(check("open", ::open(status.c_str(), O_RDONLY | O_CLOEXEC), status.native()));
  const Path link = "/proc/self/fd/" + std::to_string(fd.get());
  EXPECT_NE(read_file(link), std::nullopt);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(read_file(link), std::nullopt);
}

TEST(Room, IsMadeInPipesAndSockets) {
  constexpr size_t much = 1 << 20;
  const std::vector<std::byte> bytes(much);
  for (const auto& [reader, writer] : {make_pipe(), socket_pair()}) {
    EXPECT_TRUE(make_room(writer.get(), much));
    check("fcntl", ::fcntl(writer.get(), F_SETFL, O_NONBLOCK));
    EXPECT_EQ(::write(writer.get(), bytes.data(), bytes.size()), much);
  }
}

// The connection is our own, and so is the process it is fetched from.
TEST(PutFirst, MarksConnectionsOfBothFamilies) {
  const UniqueFd ourselves(
      static_cast<int>(check("pidfd_open", ::syscall(SYS_pidfd_open, ::getpid(), 0))));
  for (const int family : {AF_INET, AF_INET6}) {
    const UniqueFd listener(check("socket", ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    check("listen", ::listen(listener.get(), 1));
    sockaddr_storage place{};
    socklen_t size = sizeof place;
    const auto address = reinterpret_cast<sockaddr*>(&place);
    check("getsockname", ::getsockname(listener.get(), address, &size));
    const UniqueFd connection(check("socket", ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)));
    check("connect", ::connect(connection.get(), address, size));
    EXPECT_TRUE(put_first(::getpid(), ourselves));
    int type = 0;
    socklen_t length = sizeof type;
    const bool six = family == AF_INET6;
    check("getsockopt", ::getsockopt(connection.get(), six ? IPPROTO_IPV6 : IPPROTO_IP,
                                     six ? IPV6_TCLASS : IP_TOS, &type, &length));
    EXPECT_EQ(type, IPTOS_LOWDELAY);
  }
}

TEST(Room, IsMadeForWhoWritesToANamedSocket) {
  constexpr size_t much = 1 << 20;
  const std::vector<std::byte> bytes(much);
  const Path path = std::filesystem::temp_directory_path() / ("room." + std::to_string(::getpid()));
  const UniqueFd listener = listen_unix(path);
  const auto writer = connect_unix(path);
  const UniqueFd reader(check("accept", ::accept(listener.get(), nullptr, nullptr)));
  std::filesystem::remove(path);
  ASSERT_TRUE(writer);
  check("fcntl", ::fcntl(writer->get(), F_SETFL, O_NONBLOCK));
  EXPECT_TRUE(make_room_at_peer(reader.get(), much));
  EXPECT_EQ(::write(writer->get(), bytes.data(), bytes.size()), much);
}

TEST(Room, IsNotMadeForWhoCannotBeTold) {
  const auto [reader, writer] = socket_pair();
  EXPECT_FALSE(make_room_at_peer(reader.get(), 1 << 16));
}

TEST(Room, IsNotMadeInAFile) {
  const UniqueFd file(check("memfd_create", ::memfd_create("file", MFD_CLOEXEC)));
  EXPECT_FALSE(make_room(file.get(), 1 << 16));
}

}  // namespace
}  // namespace wayferry
