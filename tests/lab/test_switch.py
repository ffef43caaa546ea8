# SPDX-License-Identifier: MIT
"""Windows change their compositor; the process does not notice.

`switch` to a second compositor of the same host and back, and a compositor that is killed and started again.
The second one is a sway without a seat: what is asserted of it is that the window is on its screen. Pictures
are compared where the keyboard is, since a terminal without focus draws another cursor.
"""

from __future__ import annotations

from harness import SECOND_DISPLAY, Box, LabTest, Picture, second_screen, wait_until

_NAME = "term"
_ASIDE = (1240, 780)

# Of gtk4-demo's window: its title, and the list without its scroll bar, which fades.
_TITLE = Box(400, 10, 900, 36)
_ROWS = Box(0, 50, 250, 740)


class Switch(LabTest):
    """One host, one terminal."""

    HOSTS = ["alpha"]

    def setUp(self) -> None:
        # No census: these tests end and start compositors, which it would call left over.
        self.alpha = self.lab.hosts["alpha"]

    def open_terminal(self) -> Picture:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, "foot", "-o", "cursor.blink=no")
        self.alpha.type_and_see("PS1='$ '; clear\n")
        return self.alpha.type_and_see("carried=yes; seq 20\n")

    def test_there_and_back(self) -> None:
        before = self.open_terminal()
        second = second_screen(self, self.alpha, seat=False)
        empty = second.shot()
        self.alpha.wayferry("switch", _NAME, "--display", SECOND_DISPLAY)
        second.wait_for_change(empty)
        self.alpha.wait_for_picture(lambda now: now != before, "the window gone from the first screen")
        self.alpha.wayferry("switch", _NAME, "--display", "/run/user/0/wayland-1")
        self.alpha.wait_for_picture(lambda now: now == before, "the same picture as before")
        self.assertEqual(self.alpha.ask_shell("echo $carried"), "yes")

    def test_a_display_that_is_not_there_leaves_the_window(self) -> None:
        before = self.open_terminal()
        said = self.alpha.wayferry_fails("switch", _NAME, "--display", "/run/user/0/wayland-77")
        self.assertIn("wayland-77", said)
        self.alpha.wait_for_picture(lambda now: now == before, "the same picture as before")
        self.assertEqual(self.alpha.ask_shell("echo $carried"), "yes")

    def replace_sway(self) -> None:
        """Kills it, as a crash would, and starts another."""
        self.alpha.must("pkill", "-KILL", "-x", "sway")
        wait_until(lambda: not self.alpha.pids("sway"), 5.0, "the end of sway")
        wait_until(lambda: not self.alpha.pids("lab-seat"), 5.0, "the end of its seat")
        self.alpha.must("sh", "-c", "rm -rf /run/user/0/wayland-1* /run/lab/sway.sock /run/lab/seat /run/lab/icons")
        self.alpha.desktop.start(self.alpha.host)

    def test_a_compositor_that_dies_and_comes_back(self) -> None:
        before = self.open_terminal()
        self.replace_sway()
        self.alpha.wait_for_picture(lambda now: now == before, "the same picture as before")
        self.assertEqual(self.alpha.ask_shell("echo $carried"), "yes")

    def test_gtk_outlives_its_compositor_too(self) -> None:
        self.stop_later("demo")
        self.alpha.point(*_ASIDE)
        self.alpha.run_app("demo", "gtk4-demo")
        self.alpha.point(*_ASIDE)
        pid = self.alpha.pids("gtk4-demo")
        before = self.choose(300, self.alpha.shot())
        self.replace_sway()
        self.alpha.point(*_ASIDE)
        for part in (_TITLE, _ROWS):
            was = before.crop(part)
            self.alpha.wait_for_picture(lambda now: now.crop(part) == was, f"the same {part} as before")  # noqa: B023
        self.assertEqual(self.alpha.pids("gtk4-demo"), pid)
        self.choose(373, before)

    def choose(self, y: int, before: Picture) -> Picture:
        """Clicks a row of gtk4-demo's list; its title names it."""
        was = before.crop(_TITLE)
        self.alpha.click(100, y)
        self.alpha.point(*_ASIDE)
        return self.alpha.wait_for_picture(lambda now: now.crop(_TITLE) != was, "another title")
