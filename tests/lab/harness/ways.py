# SPDX-License-Identifier: MIT
"""Ways of an app to another compositor; what a test demands after one, it demands after all.

A test class is written on `Stay`, with the app where it was started, and is derived from for the other ways:
`class Moved(Move, Unmoved)`. Its tests call `go` once and look at the window `there`.
"""

from __future__ import annotations

from .case import LabTest
from .labhost import LabHost
from .second import SECOND_DISPLAY, second_screen


class Stay(LabTest):
    """The app stays where it is."""

    there: LabHost

    def setUp(self) -> None:
        super().setUp()
        self.there = self.destination()

    def destination(self) -> LabHost:
        """Where the app comes to."""
        return self.alpha

    def go(self, name: str) -> LabHost:
        """Brings the session from alpha to `there`, which it returns when the window stands there."""
        empty = self.there.shot()
        self.leave(name)
        if self.there is not self.alpha:
            self.there.wait_for_window(empty, animated=True)
        return self.there

    def leave(self, name: str) -> None:
        """The command that does it."""


class Move(Stay):
    """It moves to beta."""

    def destination(self) -> LabHost:
        """Where the app comes to."""
        return self.beta

    def leave(self, name: str) -> None:
        """The command that does it."""
        self.alpha.wayferry("move", name, self.there.name)


class Switch(Stay):
    """Its windows go to a second screen of alpha's, which has a seat of its own."""

    HOSTS = ["alpha"]

    def destination(self) -> LabHost:
        """Where the app comes to."""
        return second_screen(self, self.alpha, seat=True)

    def leave(self, name: str) -> None:
        """The command that does it."""
        self.alpha.wayferry("switch", name, "--display", SECOND_DISPLAY)
