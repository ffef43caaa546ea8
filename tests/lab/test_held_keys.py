# SPDX-License-Identifier: MIT
"""A key that is held while an app leaves its compositor is up for the app from then on.

The app is foot, which repeats a held letter by itself until it hears that the key is up or the keyboard gone.
What it writes goes to a program that notes each letter, and each moment without one as a dot: so that it has
come to an end is an event to wait for, too.
"""

from __future__ import annotations

import re

from harness import LabHost, Move, Stay, Switch, wait_until
from harness.labhost import LIMIT
from testbed import hands

_NAME = "held"

# foot writes a letter every 40 ms, as sway asks it to.
_LISTENER = """
import os, select, tty
tty.setcbreak(0)
typed = os.open("/tmp/typed", os.O_WRONLY | os.O_CREAT)
while True: os.write(typed, os.read(0, 1) if select.select([0], [], [], 0.2)[0] else b".")
"""

_REPEATED = "aaaaa"
_SILENCE = r"\.\.\.$"


class _Held(Stay):
    """foot on alpha, and a key that is held there."""

    def listen(self) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, "foot", "-o", "cursor.blink=no", "python3", "-c", _LISTENER)
        self.wait_for_typed(self.alpha, _SILENCE)

    def typed(self, here: LabHost) -> str:
        noted = [here.run("cat", f"/proc/{pid}/root/tmp/typed") for pid in here.pids("python3")]
        return "".join(one.stdout.decode() for one in noted)

    def wait_for_typed(self, here: LabHost, pattern: str) -> None:
        wait_until(
            lambda: re.search(pattern, self.typed(here)), LIMIT, f"'{pattern}' at the end of what foot wrote"
        )

    def hold(self, chord: str) -> None:
        self.addCleanup(self.lift, chord)
        hands.hold(self.alpha.host, self.alpha.desktop, chord)

    def lift(self, chord: str) -> None:
        """Where it was held, which after a move or a switch is none of the app's business."""
        hands.lift(self.alpha.host, self.alpha.desktop, chord)

    def hold_a_letter(self) -> None:
        self.listen()
        self.hold("a")
        self.wait_for_typed(self.alpha, _REPEATED)

    def demand_only(self, here: LabHost, letter: str) -> None:
        """What is typed now comes as it is typed, and nothing else comes."""
        self.wait_for_typed(here, _SILENCE)
        here.type(letter)
        self.wait_for_typed(here, rf"\.{letter}{_SILENCE}")


class Unmoved(_Held):
    """It is let go where it was pressed."""

    def check(self, chord: str) -> None:
        here = self.go(_NAME)
        if here is self.alpha:
            self.lift(chord)
        self.demand_only(here, "x")
        self.lift(chord)
        self.demand_only(here, "y")

    def test_a_letter_is_repeated_no_more(self) -> None:
        self.hold_a_letter()
        self.check("a")

    def test_shift_makes_no_capitals_any_more(self) -> None:
        self.listen()
        self.hold("shift")
        self.alpha.type("k")
        self.wait_for_typed(self.alpha, "K")
        self.check("shift")


class Moved(Move, Unmoved):
    """Held on alpha, up on beta."""


class Switched(Switch, Unmoved):
    """Held on one keyboard, up on another."""


class Abandoned(_Held):
    """The compositor dies, and nobody knows when there will be another."""

    HOSTS = ["alpha"]

    def lift(self, chord: str) -> None:
        """The keyboard has died, too."""

    def test_a_letter_is_repeated_no_more(self) -> None:
        self.hold_a_letter()
        self.alpha.must("pkill", "-KILL", "-x", "sway")
        self.wait_for_typed(self.alpha, _SILENCE)
