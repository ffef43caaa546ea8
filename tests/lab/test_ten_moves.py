# SPDX-License-Identifier: MIT
"""Moves in a row leave nothing behind: ten times there and back.

Both hosts are counted after the first round, which makes what is made once and kept (caches, lock files), and
after the last, with the app alive; and, as after every test, before it was started and after it was stopped.
"""

from __future__ import annotations

from harness import Box, Census, LabError, LabHost, LabTest, growth, wait_until

_NAME = "traveller"
_ROUNDS = 10

# Processes that end, and groups that go with them, need a moment.
_CLEAN_LIMIT = 10.0


class TenMoves(LabTest):
    """There and back again."""

    def start(self, *command: str) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, *command)

    def round(self) -> None:
        """To beta and back, each time waited for on the screen."""
        for here, there in ((self.alpha, self.beta), (self.beta, self.alpha)):
            empty = there.shot()
            here.wayferry("move", _NAME, there.name)
            there.wait_for_change(empty)

    def objects(self) -> int:
        """How many Wayland objects the monitor keeps for the app."""
        (session,) = self.alpha.wayferry_json("ps")
        return int(session["monitor"]["objects"])

    def check_rounds_leave_nothing(self) -> None:
        self.round()
        before = {host.name: host.census() for host in (self.alpha, self.beta)}
        objects = self.objects()
        for _ in range(_ROUNDS - 1):
            self.round()
        for host in (self.alpha, self.beta):
            self.demand_no_growth(host, before[host.name])
        self.assertLessEqual(self.objects(), objects)

    def demand_no_growth(self, host: LabHost, before: Census) -> None:
        found: list[str] = []

        def as_before() -> bool:
            found[:] = growth(before, host.census())
            return not found

        try:
            wait_until(as_before, _CLEAN_LIMIT, "the host to be as it was")
        except LabError:
            self.fail(f"more on {host.name} than after the first round:\n  " + "\n  ".join(found))

    def test_foot(self) -> None:
        self.start("foot", "-o", "cursor.blink=no")
        shell = self.alpha.ask_shell("echo $$; marker=kept")
        self.check_rounds_leave_nothing()
        self.assertEqual(self.alpha.ask_shell("echo $$"), shell)
        self.assertEqual(self.alpha.ask_shell("echo $marker"), "kept")
        self.alpha.type_and_see("echo typing goes on\n")

    def test_gtk4_demo(self) -> None:
        self.start("gtk4-demo")
        self.check_rounds_leave_nothing()
        title = Box(400, 10, 900, 36)
        before = self.alpha.shot().crop(title)
        self.alpha.click(100, 300)
        self.alpha.wait_for_picture(lambda now: now.crop(title) != before, "another row's title")
