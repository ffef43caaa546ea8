# SPDX-License-Identifier: MIT
"""What was copied before a move is pasted after it, on the other host, by another application."""

from __future__ import annotations

from harness import LabHost, LabTest, wait_until
from harness.labhost import LIMIT

_NAME = "source"
_TARGET = "foot --app-id=target -o cursor.blink=no sh -c 'cat > /tmp/pasted'"


class Clipboard(LabTest):
    """foot owns the selection, another foot asks for it."""

    def copy_a_word(self, host: LabHost) -> None:
        """A double click selects the word under the pointer, which foot then puts into the clipboard."""
        host.type("clear; echo; echo; echo carried-over\n")
        host.wait_for_picture(lambda _: True, "the word on the screen")
        before = host.shot()
        host.click(20, 32)
        host.click(20, 32)
        host.wait_for_change(before)
        host.key("ctrl+shift+c")

    def pasted_beside_it(self, host: LabHost) -> str:
        """Pastes into a program of its own outside the container; what arrived there."""
        before = host.shot()
        self.addCleanup(host.run, "rm", "-f", "/tmp/pasted")
        self.addCleanup(host.run, "pkill", "-f", "app-id=target")
        host.start("sh", "-c", f"exec {_TARGET}")
        host.wait_for_change(before)
        host.key("ctrl+shift+v")
        host.key("Return")

        def arrived() -> str:
            return host.run("cat", "/tmp/pasted").stdout.decode()

        wait_until(lambda: arrived().strip(), LIMIT, f"something pasted on {host.name}")
        return arrived().strip()

    def check(self, *, move: bool) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, "foot", "-o", "cursor.blink=no", "-o", "selection-target=clipboard")
        here = self.alpha
        self.copy_a_word(here)
        if move:
            empty = self.beta.shot()
            self.alpha.wayferry("move", _NAME, "beta")
            here = self.beta
            here.wait_for_change(empty)
        self.assertIn("carried", self.pasted_beside_it(here))

    def test_unmoved_what_was_copied_is_pasted(self) -> None:
        self.check(move=False)

    def test_moved_what_was_copied_is_pasted(self) -> None:
        self.check(move=True)
