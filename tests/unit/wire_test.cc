// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "util/error.h"
#include "wire/channel.h"
#include "wire/decode.h"
#include "wire/encode.h"
#include "wire/opcodes.gen.h"

namespace wayferry {
namespace {

const Message& set_title = protocol::xdg_toplevel.requests[request::xdg_toplevel::set_title];
const Message& attach = protocol::wl_surface.requests[request::wl_surface::attach];
const Message& bind_request = protocol::wl_registry.requests[request::wl_registry::bind];

std::string body_of(const std::string& message) {
  return message.substr(header_size);
}

// What decode says of a body: "" if it accepts it.
std::string complaint(const Message& message, const std::string& body) {
  Decoded decoded;
  try {
    decode(message, std::as_bytes(std::span(body)), decoded);
  } catch (const ProtocolError& error) {
    return error.what();
  }
  return "";
}

TEST(Decode, ReadsWhatEncodeWrote) {
  std::string out;
  encode(out, 7, bind_request, {3u, std::string_view("wl_seat"), 9u, 12u});
  const auto header = read_header(std::as_bytes(std::span(out)));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->object, 7u);
  EXPECT_EQ(header->size, out.size());
  const std::string body = body_of(out);
  Decoded decoded;
  decode(bind_request, std::as_bytes(std::span(body)), decoded);
  EXPECT_EQ(value_of(bind_request, decoded, "name").word, 3u);
  EXPECT_EQ(as_text(value_of(bind_request, decoded, "id").data), "wl_seat");
  EXPECT_EQ(value_of(bind_request, decoded, "id").version, 9u);
  EXPECT_EQ(value_of(bind_request, decoded, "id").word, 12u);
}

TEST(Decode, EveryShorterBodyIsRefused) {
  std::string out;
  encode(out, 7, set_title, {std::string_view("a title")});
  const std::string body = body_of(out);
  EXPECT_EQ(complaint(set_title, body), "");
  for (size_t size = 0; size < body.size(); size += 4)
    EXPECT_NE(complaint(set_title, body.substr(0, size)), "") << size;
}

TEST(Decode, NamesArgumentAndByte) {
  EXPECT_EQ(complaint(attach, std::string(4, '\0')),
            "wl_surface.attach, byte 12, argument x: the message ends before it");
}

TEST(Decode, RefusesBadStrings) {
  const std::string no_end("\4\0\0\0abcd", 8);
  const std::string zero_inside("\4\0\0\0a\0b\0", 8);
  const std::string null("\0\0\0\0", 4);
  const std::string huge("\xff\xff\xff\xff", 4);
  EXPECT_NE(complaint(set_title, no_end).find("no end"), std::string::npos);
  EXPECT_NE(complaint(set_title, zero_inside).find("zero byte"), std::string::npos);
  EXPECT_NE(complaint(set_title, null).find("null is not allowed"), std::string::npos);
  EXPECT_NE(complaint(set_title, huge).find("ends before"), std::string::npos);
}

TEST(Decode, RefusesBytesBehindTheLastArgument) {
  EXPECT_NE(complaint(attach, std::string(16, '\0')).find("goes on"), std::string::npos);
}

TEST(Header, RefusesImpossibleSizes) {
  const auto header = [](uint32_t size) {
    const uint32_t words[2] = {1, size << 16};
    return read_header(std::as_bytes(std::span(words)));
  };
  EXPECT_THROW(header(4), ProtocolError);
  EXPECT_THROW(header(10), ProtocolError);
  EXPECT_TRUE(header(8));
  EXPECT_FALSE(read_header({}));
}

TEST(WireChannel, CarriesMoreDescriptorsThanOneCallTakes) {
  auto [a, b] = socket_pair();
  WireChannel sender(std::move(a));
  WireChannel receiver(std::move(b));
  constexpr size_t count = 100;
  for (size_t i = 0; i < count; ++i) sender.queue_fd(UniqueFd(::dup(0)));
  sender.out() = "12345678";
  EXPECT_EQ(sender.flush(), WireChannel::Status::open);
  while (receiver.receive() == WireChannel::Status::open) {
  }
  EXPECT_EQ(receiver.received().size(), 8u);
  EXPECT_EQ(receiver.received_fds(), count);
}

TEST(WireChannel, KeepsWhatAFullSocketDoesNotTake) {
  auto [a, b] = socket_pair();
  WireChannel sender(std::move(a));
  WireChannel receiver(std::move(b));
  const std::string sent(4 << 20, 'x');
  sender.out() = sent;
  EXPECT_EQ(sender.flush(), WireChannel::Status::would_block);
  size_t got = 0;
  while (got < sent.size()) {
    while (receiver.receive() == WireChannel::Status::open) {
    }
    got += receiver.received().size();
    receiver.consume(receiver.received().size());
    ASSERT_NE(sender.flush(), WireChannel::Status::closed);
  }
  EXPECT_FALSE(sender.has_output());
}

TEST(Protocol, KnowsNothingThatIsBoundToADevice) {
  for (const char* name : {"zwp_linux_dmabuf_v1", "wl_drm", "wp_linux_drm_syncobj_manager_v1",
                           "wp_drm_lease_device_v1"})
    EXPECT_EQ(find_interface(name), nullptr) << name;
}

}  // namespace
}  // namespace wayferry
