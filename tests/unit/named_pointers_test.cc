// SPDX-License-Identifier: MIT
//
// Pointers that the app names, at a compositor that knows no names: src/monitor/named_pointers.cc,
// cursor_theme.cc. The theme is made here.
#include <cstdlib>
#include <fstream>
#include <initializer_list>

#include "../fake/relay_fixture.h"
#include "monitor/cursor_theme.h"

namespace wayferry::test {
namespace {

// wp_cursor_shape_device_v1.shape
constexpr uint32_t plain_arrow = 1, help = 3, hand = 4, text = 9, zoom_in = 33;

void put(std::ofstream& file, std::initializer_list<uint32_t> words) {
  for (const uint32_t word : words) file.write(reinterpret_cast<const char*>(&word), sizeof word);
}

// A file of one square picture in the form of libXcursor (Xcursor(3)).
void write_cursor(const Path& path, uint32_t size, uint32_t side, uint32_t hot, uint32_t pixel) {
  constexpr uint32_t magic = 0x72756358, image = 0xfffd0002;
  std::ofstream file(path, std::ios::binary);
  put(file, {magic, 16, 0x10000, 1, image, size, 28});
  put(file, {36, image, size, 1, side, side, hot, hot, 0});
  for (uint32_t i = 0; i < side * side; ++i) put(file, {pixel});
}

class NamedPointerTest : public RelayTest {
 protected:
  NamedPointerTest() {
    ::setenv("XCURSOR_PATH", folder_.c_str(), 1);
    ::setenv("XCURSOR_THEME", "painted", 1);
    ::setenv("XCURSOR_SIZE", "24", 1);
    std::filesystem::create_directories(cursors());
    write_cursor(cursors() / "default", 24, 8, 1, 0xff0000ff);
    write_cursor(cursors() / "text", 24, 10, 4, 0xff00ff00);
    write_cursor(cursors() / "hand1", 24, 12, 6, 0xffff0000);  // a name of old
  }

  Path cursors() const { return folder_ / "painted" / "cursors"; }

  // A pointer of the app's and the device that names its shapes.
  void make_pointer() {
    const uint32_t seat = app_->bind(registry_, "wl_seat", 9);
    pointer_ = app_->make(protocol::wl_pointer, seat, protocol::wl_seat, "get_pointer");
    const uint32_t manager = app_->bind(registry_, "wp_cursor_shape_manager_v1", 1);
    device_ = app_->make(protocol::wp_cursor_shape_device_v1, manager,
                         protocol::wp_cursor_shape_manager_v1, "get_pointer", {pointer_});
    exchange();
  }

  // An app that has a pointer and names its shapes, from a compositor that can draw them, at one
  // that cannot.
  FakeCompositor& go_on_without_shapes() {
    auto globals = plain;
    globals.push_back({"wp_cursor_shape_manager_v1", 1});
    compositor("a", globals);
    start_app();
    show_window();
    make_pointer();
    FakeCompositor& b = compositor("b");
    exchange();
    return b;
  }

  // The pointer comes to the window; what the app is told as the serial.
  uint32_t enter(FakeCompositor& where, uint32_t serial) {
    where.tell(there(pointer_), protocol::wl_pointer.events[event::wl_pointer::enter],
               {serial, there(surface_), 0u, 0u});
    return serial_of(name("wl_pointer", pointer_) + ".enter(");
  }

  // The first argument of the event that the app hears.
  uint32_t serial_of(const std::string& start) {
    for (const std::string& line : exchange())
      if (line.starts_with(start))
        return static_cast<uint32_t>(std::stoul(line.substr(start.size())));
    ADD_FAILURE() << "the app did not hear " << start;
    return 0;
  }

  // What the app hears for it.
  std::vector<std::string> set_shape(uint32_t serial, uint32_t shape) {
    app_->say(device_, protocol::wp_cursor_shape_device_v1, "set_shape", {serial, shape});
    return exchange();
  }

  static size_t living(const FakeCompositor& where, const Interface& interface) {
    const auto objects = where.living();
    return static_cast<size_t>(
        std::ranges::count_if(objects, [&](const auto& one) { return one.second == &interface; }));
  }

  uint32_t pointer_ = 0, device_ = 0;
};

TEST_F(NamedPointerTest, AShapeIsDrawnWhereItCannotBeNamed) {
  FakeCompositor& b = go_on_without_shapes();
  const uint32_t serial = enter(b, 7);
  EXPECT_TRUE(set_shape(serial, text).empty()) << "the app hears nothing of it";
  EXPECT_EQ(count(b.requests(), "wl_pointer.set_cursor(7, wl_surface, 4, 4)"), 1u);
  EXPECT_EQ(count(b.requests(), "create_buffer(new, 0, 10, 10, 40, 0)"), 1u);
  EXPECT_TRUE(b.complaints().empty()) << b.complaints().front();
  EXPECT_TRUE(alive_);
}

TEST_F(NamedPointerTest, ItIsThePictureOfTheTheme) {
  FakeCompositor& b = go_on_without_shapes();
  set_shape(enter(b, 7), text);
  const auto heard = b.heard();
  const auto pool = std::ranges::find_last_if(
      heard, [](const Arrived& request) { return request.is("wl_shm.create_pool"); });
  ASSERT_FALSE(pool.empty());
  std::vector<uint32_t> pixels(100);
  EXPECT_EQ(::pread(pool.begin()->fds[0]->get(), pixels.data(), 400, 0), 400);
  EXPECT_EQ(pixels, std::vector<uint32_t>(100, 0xff00ff00));
}

TEST_F(NamedPointerTest, AnotherShapeTakesThePlaceOfTheLast) {
  FakeCompositor& b = go_on_without_shapes();
  const uint32_t serial = enter(b, 7);
  const size_t surfaces = living(b, protocol::wl_surface);
  const size_t buffers = living(b, protocol::wl_buffer);
  for (int i = 0; i < 20; ++i) {
    set_shape(serial, text);
    set_shape(serial, hand);
  }
  EXPECT_EQ(count(b.requests(), "set_cursor(7, wl_surface, 6, 6)"), 20u);
  EXPECT_EQ(living(b, protocol::wl_surface), surfaces + 1);
  EXPECT_EQ(living(b, protocol::wl_buffer), buffers + 1);
  EXPECT_TRUE(b.complaints().empty()) << b.complaints().front();
}

TEST_F(NamedPointerTest, TheSameShapeIsMadeOnce) {
  FakeCompositor& b = go_on_without_shapes();
  set_shape(enter(b, 7), text);
  const size_t pools = count(b.requests(), "create_pool");
  set_shape(enter(b, 8), text);
  EXPECT_EQ(count(b.requests(), "create_pool"), pools);
  EXPECT_EQ(count(b.requests(), "set_cursor(8, wl_surface, 4, 4)"), 1u);
}

TEST_F(NamedPointerTest, ASerialOfAnEarlierCompositorSaysNothing) {
  FakeCompositor& b = go_on_without_shapes();
  enter(b, 7);
  set_shape(1, text);
  EXPECT_EQ(count(b.requests(), "set_cursor"), 0u);
}

TEST_F(NamedPointerTest, WithoutAThemeNothingIsSaid) {
  ::setenv("XCURSOR_THEME", "nowhere", 1);
  FakeCompositor& b = go_on_without_shapes();
  EXPECT_TRUE(set_shape(enter(b, 7), text).empty());
  EXPECT_EQ(count(b.requests(), "set_cursor"), 0u);
  EXPECT_TRUE(alive_);
}

TEST_F(NamedPointerTest, AnIdOfTheMonitorsOwnIsFreeForTheAppAgain) {
  FakeCompositor& b = go_on_without_shapes();
  const uint32_t serial = enter(b, 7);
  set_shape(serial, text);
  set_shape(serial, hand);  // the pool's id and the buffer's are free again
  for (int i = 0; i < 4; ++i)
    app_->make(protocol::wl_region, compositor_, protocol::wl_compositor, "create_region");
  exchange();
  EXPECT_EQ(living(b, protocol::wl_region), 4u);
  EXPECT_TRUE(b.complaints().empty()) << b.complaints().front();
  b.send("wl_buffer", "release", {});
  EXPECT_EQ(count(exchange(), "release"), 0u) << "that was for the monitor";
  EXPECT_TRUE(alive_);
}

TEST_F(NamedPointerTest, WhatWasDrawnForAPointerThatIsGoneGoes) {
  FakeCompositor& b = go_on_without_shapes();
  set_shape(enter(b, 7), text);
  const size_t surfaces = living(b, protocol::wl_surface);
  app_->say(pointer_, protocol::wl_pointer, "release", {});
  exchange();
  make_pointer();
  set_shape(enter(b, 8), text);
  EXPECT_EQ(count(b.requests(), "set_cursor(8, wl_surface, 4, 4)"), 1u);
  EXPECT_EQ(living(b, protocol::wl_surface), surfaces);
  EXPECT_TRUE(b.complaints().empty()) << b.complaints().front();
}

TEST_F(NamedPointerTest, ItIsDrawnAnewAtTheNextCompositor) {
  FakeCompositor& b = go_on_without_shapes();
  set_shape(enter(b, 7), text);
  FakeCompositor& c = compositor("c");
  exchange();
  EXPECT_EQ(count(c.requests(), "set_cursor"), 0u);
  set_shape(enter(c, 9), text);
  EXPECT_EQ(count(c.requests(), "set_cursor(9, wl_surface, 4, 4)"), 1u);
  EXPECT_TRUE(c.complaints().empty()) << c.complaints().front();
}

TEST_F(NamedPointerTest, WhereOutputsAreScaledThePictureIsLarger) {
  write_cursor(cursors() / "text", 48, 21, 8, 0xff00ff00);
  FakeCompositor& b = go_on_without_shapes();
  const uint32_t output = app_->bind(registry_, "wl_output", 4);
  exchange();
  const auto tell = [&](uint32_t object, const Message& event, uint32_t value) {
    b.tell(there(object), event, {value});
  };
  tell(output, protocol::wl_output.events[event::wl_output::scale], 2);
  tell(surface_, protocol::wl_surface.events[event::wl_surface::enter], there(output));
  const uint32_t serial = enter(b, 7);
  set_shape(serial, text);
  EXPECT_EQ(count(b.requests(), "wl_surface.set_buffer_scale(2)"), 1u);
  EXPECT_EQ(count(b.requests(), "create_buffer(new, 0, 22, 22, 88, 0)"), 1u) << "a multiple";
  EXPECT_EQ(count(b.requests(), "set_cursor(7, wl_surface, 4, 4)"), 1u);
  set_shape(serial, hand);  // which the theme has in the small size only
  EXPECT_EQ(count(b.requests(), "create_buffer(new, 0, 12, 12, 48, 0)"), 1u);
  EXPECT_EQ(count(b.requests(), "set_cursor(7, wl_surface, 6, 6)"), 1u);
}

TEST_F(NamedPointerTest, ATabletsToolHasItsShapeDrawnToo) {
  auto globals = plain;
  globals.push_back({"zwp_tablet_manager_v2", 1});
  auto with_shapes = globals;
  with_shapes.push_back({"wp_cursor_shape_manager_v1", 1});
  compositor("a", with_shapes);
  start_app();
  show_window();
  const uint32_t seat = app_->bind(registry_, "wl_seat", 9);
  const uint32_t tablets = app_->bind(registry_, "zwp_tablet_manager_v2", 1);
  const uint32_t tablet_seat =
      app_->make(protocol::zwp_tablet_seat_v2, tablets, protocol::zwp_tablet_manager_v2,
                 "get_tablet_seat", {seat});
  const uint32_t shapes = app_->bind(registry_, "wp_cursor_shape_manager_v1", 1);
  exchange();
  FakeCompositor& b = compositor("b", globals);
  exchange();
  constexpr uint32_t tablet = 0xff000000, tool = 0xff000001;  // for the app as well
  const auto& told = protocol::zwp_tablet_seat_v2.events;
  b.tell(there(tablet_seat), told[event::zwp_tablet_seat_v2::tablet_added], {tablet});
  b.tell(there(tablet_seat), told[event::zwp_tablet_seat_v2::tool_added], {tool});
  b.tell(tool, protocol::zwp_tablet_tool_v2.events[event::zwp_tablet_tool_v2::proximity_in],
         {7u, tablet, there(surface_)});
  const uint32_t serial = serial_of(name("zwp_tablet_tool_v2", tool) + ".proximity_in(");
  device_ = app_->make(protocol::wp_cursor_shape_device_v1, shapes,
                       protocol::wp_cursor_shape_manager_v1, "get_tablet_tool_v2", {tool});
  set_shape(serial, text);
  EXPECT_EQ(count(b.requests(), "zwp_tablet_tool_v2.set_cursor(7, wl_surface, 4, 4)"), 1u);
  EXPECT_TRUE(b.complaints().empty()) << b.complaints().front();
}

TEST_F(NamedPointerTest, AShapeThatTheThemeLacksIsItsPlainPointer) {
  CursorTheme theme;
  for (const uint32_t shape : {plain_arrow, help, zoom_in, 0u, 4711u}) {
    const CursorImage* image = theme.image(shape, 24);
    ASSERT_NE(image, nullptr) << shape;
    EXPECT_EQ(image->width, 8u) << shape;
  }
}

TEST_F(NamedPointerTest, ADamagedFileIsNone) {
  for (const uintmax_t length : {0u, 3u, 16u, 20u, 40u, 70u}) {
    std::filesystem::copy_file(cursors() / "default", cursors() / "text",
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(cursors() / "text", length);
    CursorTheme theme;
    const CursorImage* image = theme.image(text, 24);
    EXPECT_TRUE(!image || image->width == 8) << length;
  }
  write_cursor(cursors() / "text", 24, 2000, 4, 0);  // none that a screen has room for
  CursorTheme theme;
  ASSERT_NE(theme.image(text, 24), nullptr);
  EXPECT_EQ(theme.image(text, 24)->width, 8u);
}

TEST_F(NamedPointerTest, ASizeThatIsNoneIsTheUsualOne) {
  for (const char* wrong : {"", "large", "0", "-3", "24px", "99999999999"}) {
    ::setenv("XCURSOR_SIZE", wrong, 1);
    EXPECT_EQ(CursorTheme::size(), 24u) << wrong;
  }
  ::setenv("XCURSOR_SIZE", "48", 1);
  EXPECT_EQ(CursorTheme::size(), 48u);
}

}  // namespace
}  // namespace wayferry::test
