# SPDX-License-Identifier: MIT
"""A container with two display connections, the second one opened by a child of the first one's process."""

from __future__ import annotations

from harness import LabHost, LabTest, wait_until
from harness.labhost import LIMIT

_NAME = "two"
_FOOT = ("foot", "-o", "cursor.blink=no", "-o", "locked-title=yes")
_TITLES = ["child", "parent"]


class Connections(LabTest):
    """foot, and a foot that its shell has started. Both are asked for a sign of life, wherever they are."""

    def open_both(self) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, *_FOOT, "--title", "parent")
        before = self.alpha.shot()
        self.alpha.type(f"{' '.join(_FOOT)} --title child &\n")
        self.alpha.wait_for_change(before)
        wait_until(lambda: self.titles() == _TITLES, LIMIT, "two windows")

    def titles(self) -> list[str]:
        for host in self.lab.hosts.values():
            for session in host.wayferry_json("ps"):
                if session["monitor"]["connections"] == 2:
                    return sorted(session["monitor"]["titles"])
        return []

    def demand_both_take_input(self, here: LabHost) -> None:
        self.assertEqual(self.titles(), _TITLES)
        for title in _TITLES:
            here.must("env", *(f"{k}={v}" for k, v in here.desktop.screen.items()), "swaymsg", f"[title={title}] focus")
            file = f"/tmp/{title}"
            here.type(f"echo {here.name} > {file}\n")
            self.wait_for_file(here, file)

    def wait_for_file(self, here: LabHost, file: str) -> None:
        """Its contents tell the window that took the words from the other, and this host from the one before."""

        def said(shell: int) -> str:
            return here.run("cat", f"/proc/{shell}/root{file}").stdout.decode().strip()

        def written() -> bool:
            return any(said(shell) == here.name for shell in here.pids("bash"))

        wait_until(written, LIMIT, f"{file} on {here.name}")

    def test_both_are_moved(self) -> None:
        self.open_both()
        self.demand_both_take_input(self.alpha)
        empty = self.beta.shot()
        self.alpha.wayferry("move", _NAME, "beta")
        self.beta.wait_for_change(empty)
        self.demand_both_take_input(self.beta)
