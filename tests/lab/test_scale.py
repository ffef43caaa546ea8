# SPDX-License-Identifier: MIT
"""Screens of another scale: the app hears of it, where it stands and where it comes to, and draws larger."""

from __future__ import annotations

from typing import ClassVar

from harness import LabHost, LabTest

_NAME = "term"
_OUTPUT = "HEADLESS-1"


class Unmoved(LabTest):
    """foot tells all that it hears; on sway, whose screen changes its scale."""

    MOVED: ClassVar[bool] = False

    def set_scale(self, host: LabHost, scale: int) -> None:
        host.host.must(["swaymsg", "--quiet", "output", _OUTPUT, "scale", str(scale)], host.desktop.screen)

    def launch(self) -> LabHost:
        self.stop_later(_NAME)
        for host in self.lab.hosts.values():
            self.addCleanup(self.set_scale, host, 1)
        command = ["foot", "-o", "cursor.blink=no"]
        self.alpha.run_app(_NAME, *command, env={"WAYLAND_DEBUG": "client"})
        return self.move(self.alpha) if self.MOVED else self.alpha

    def move(self, here: LabHost) -> LabHost:
        there = self.beta if here is self.alpha else self.alpha
        empty = there.shot()
        here.wayferry("move", _NAME, there.name)
        there.wait_for_change(empty)
        return there

    def test_a_scale_that_changes_is_heard_and_drawn(self) -> None:
        here = self.launch()
        small = here.shot()
        self.set_scale(here, 2)
        here.wait_for_log(_NAME, ".scale(2)")
        here.wait_for_log(_NAME, "preferred_buffer_scale(2)")
        here.wait_for_change(small)
        self.set_scale(here, 1)
        here.wait_for_picture(lambda now: now == small, "the terminal as it was")


class Moved(Unmoved):
    """The same after a move; and a move to a screen of another scale."""

    MOVED = True

    def test_a_screen_of_another_scale_is_heard_of_on_arrival(self) -> None:
        here = self.launch()
        self.set_scale(self.alpha, 2)
        there = self.move(here)
        there.wait_for_log(_NAME, ".scale(2)")
        there.wait_for_log(_NAME, "preferred_buffer_scale(2)")
        self.assertEqual(there.ask_shell("echo $((6 * 7))"), "42")
