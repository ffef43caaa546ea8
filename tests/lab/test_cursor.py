# SPDX-License-Identifier: MIT
"""The pointer looks as the app wants it to, over a window that has come to it as over one that it came to.

A compositor takes an app's wish only with the serial of the pointer's coming, so after a change of compositors the
app has to be asked anew; the pointer is not moved for that. On these screens pointers are painted in colours that
name their shapes, which is how an app's wish by name is told from no wish; one that draws its own is known by the
picture.
"""

from __future__ import annotations

from typing import ClassVar

from harness import Box, LabHost, Move, Picture, Stay, Switch
from testbed import cursor, stages
from testbed.compositors import ICONS, Compositor

_NAME = "pointed"

# Where every app of this file has something under the pointer, and where none has.
_AT = (120, 100)
_ASIDE = (1240, 780)


def around(x: int, y: int, reach: int = 24) -> Box:
    """As large as cursors are."""
    return Box(x - reach, y - reach, x + reach, y + reach)


class Unmoved(Stay):
    """The pointer comes to the window."""

    def setUp(self) -> None:
        super().setUp()
        for host in (self.alpha, self.there):
            self.paint(host, cursor.COLOURS)
            self.addCleanup(self.paint, host, cursor.THEME)

    def paint(self, host: LabHost, theme: str) -> None:
        host.host.must(["swaymsg", "--quiet", "seat", "*", "xcursor_theme", theme, "24"], host.desktop.screen)

    def open(self, *command: str) -> None:
        self.stop_later(_NAME)
        self.alpha.point(*_ASIDE)
        self.alpha.run_app(_NAME, *command)

    def go_under_pointer(self) -> LabHost:
        """The pointer waits where the window will be, over an empty desktop, and stays there."""
        if self.there is not self.alpha:
            self.wait_with_pointer()
        return self.go(_NAME)

    def wait_with_pointer(self) -> None:
        self.there.point(*_AT)
        self.wait_for_shape(self.there, "default")

    def wait_for_shape(self, here: LabHost, shape: str) -> Picture:
        wanted = cursor.colour(shape)
        return here.wait_for_picture(lambda now: now.colour(*_AT) == wanted, f"the pointer '{shape}'")

    def test_a_shape_that_is_asked_for_by_name(self) -> None:
        self.open("foot", "-o", "cursor.blink=no")
        self.alpha.point(*_AT)
        self.wait_for_shape(self.alpha, "text")
        self.wait_for_shape(self.go_under_pointer(), "text")

    def test_a_shape_that_the_app_draws(self) -> None:
        self.open("weston-clickdot")
        without = self.alpha.shot().crop(around(*_AT))
        self.alpha.point(*_AT)
        before = self.alpha.wait_for_picture(lambda now: now.crop(around(*_AT)) != without, "a pointer")
        wanted = before.crop(around(*_AT))
        here = self.go_under_pointer()
        here.wait_for_picture(lambda now: now.crop(around(*_AT)) == wanted, "the same pointer")


class Moved(Move, Unmoved):
    """The window comes to the pointer of beta."""


class Switched(Switch, Unmoved):
    """The window comes to the pointer of another screen."""


class _ToWeston(Stay):
    """It comes to a weston, which knows no shapes by their names: wayferry draws them, from the theme of its user, who
    is root here."""

    WESTON_OF: ClassVar[str]
    weston: ClassVar[Compositor]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        here = cls.lab.hosts[cls.WESTON_OF]
        cls.weston = stages.add(here.host, here.desktop, "weston", "weston")
        stages.show(here.host, here.desktop, None)

    def setUp(self) -> None:
        super().setUp()
        self.there.must("mkdir", "-p", "/root/.icons")
        self.there.must("ln", "-s", f"{ICONS}/{cursor.COLOURS}", "/root/.icons/default")
        self.addCleanup(self.there.must, "rm", "-r", "/root/.icons")
        self.addCleanup(stages.show, self.there.host, self.there.desktop, None)

    def destination(self) -> LabHost:
        """The host again, for another of its compositors is looked at."""
        here = self.lab.hosts[self.WESTON_OF]
        return LabHost(here.host, here.desktop)

    def wait_with_pointer(self) -> None:
        """weston's own pointer is not to be seen."""
        stages.show(self.there.host, self.there.desktop, self.weston)
        self.there.point(*_AT)
        self.there.wait_for_picture(lambda _: True, "the empty weston")


class SwitchedToWeston(_ToWeston, Unmoved):
    """From sway to a weston of the same host."""

    HOSTS = ["alpha"]
    WESTON_OF = "alpha"

    def leave(self, name: str) -> None:
        """The command that does it."""
        self.alpha.wayferry("switch", name, "--display", self.weston.display)


class MovedToWeston(_ToWeston, Unmoved):
    """From alpha's sway to beta's weston."""

    WESTON_OF = "beta"

    def leave(self, name: str) -> None:
        """The command that does it."""
        self.alpha.wayferry("move", name, self.there.name, "--display", self.weston.display)
