# SPDX-License-Identifier: MIT
"""A terminal moves: the same picture, the same shell, the same variables, and it goes on.

Whatever is asserted of the moved terminal is asserted of one that was not moved, by the same method.
"""

from __future__ import annotations

from harness import LabHost, LabTest, Picture

_NAME = "term"
_FOOT = ["foot", "-o", "cursor.blink=no"]


class Foot(LabTest):
    """foot with bash in a container."""

    def open_terminal(self) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, *_FOOT, env={"PS1": "$ "})
        self.alpha.type_and_see("PS1='$ '; clear; echo ready\n")

    def fill(self, host: LabHost) -> Picture:
        """200 lines, so that the screen has scrolled several times."""
        return host.type_and_see("for i in $(seq 200); do echo line $i of 200; done\n")

    def check_goes_on(self, move: bool) -> None:
        self.open_terminal()
        shell, _ = self.alpha.ask_shell("echo $$"), self.alpha.ask_shell("carried=yes")
        before = self.fill(self.alpha)
        here = self.alpha
        if move:
            empty = self.beta.shot()
            self.alpha.wayferry("move", _NAME, "beta")
            here = self.beta
            after = here.wait_for_change(empty)
            self.assertEqual(before.differences(after), 0, f"they differ in {before.box_of_differences(after)}")
        self.assertEqual(here.ask_shell("echo $$"), shell)
        self.assertEqual(here.ask_shell("echo $carried"), "yes")
        seen = here.type_and_see("echo typing goes on\n")
        self.assertNotEqual(seen, before)

    def test_unmoved_it_goes_on(self) -> None:
        self.check_goes_on(move=False)

    def test_moved_it_goes_on_where_it_stood(self) -> None:
        self.check_goes_on(move=True)

    def test_after_a_move_the_source_has_nothing_of_it(self) -> None:
        empty = self.alpha.shot()
        self.open_terminal()
        self.alpha.wayferry("move", _NAME, "beta")
        self.alpha.wait_for_picture(lambda now: now == empty, "the empty desktop")
        self.assertEqual(self.alpha.sessions(), [])
        self.assertEqual(self.beta.sessions(), [_NAME])

    def test_what_criu_learns_of_a_kernel_it_learns_before_anything_stands_still(self) -> None:
        self.open_terminal()
        learned = "/run/criu.kdat"
        for host in (self.alpha, self.beta):
            host.must("rm", "-f", learned)
        self.alpha.wayferry_fails("move", _NAME, "beta", env={"WAYFERRY_FAIL_AT": "barrier"})
        for host in (self.alpha, self.beta):
            host.must("test", "-e", learned)

    def test_what_wayferry_learns_of_a_kernel_it_learns_once(self) -> None:
        self.open_terminal()
        learned = "/run/wayferry/.mapping-flags"
        self.alpha.must("rm", "-f", learned)
        written = []
        for _ in range(2):
            self.alpha.wayferry_fails("move", _NAME, "beta", env={"WAYFERRY_FAIL_AT": "barrier"})
            written.append(self.alpha.must("stat", "-c", "%i %Y", learned))
        self.assertEqual(written[0], written[1])

    def test_a_move_reports_its_phases_and_bytes(self) -> None:
        self.open_terminal()
        report = self.alpha.wayferry_json("move", _NAME, "beta")
        self.assertGreater(report["downtime_ms"], 0)
        self.assertTrue(report["phases_ms"])
        self.assertTrue(report["bytes"])
