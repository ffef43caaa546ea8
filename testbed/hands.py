# SPDX-License-Identifier: MIT
"""Typing and pointing on a host's screen, through the seat that lab-seat holds there.

Each call returns when the compositor has processed it; what the application makes of it comes later and has
to be waited for.
"""

from __future__ import annotations

from .desktop import Desktop
from .host import Host


def type_text(host: Host, desktop: Desktop, text: str) -> None:
    """Types TEXT; a line break is Return."""
    host.must(["lab-seat", "type", text], desktop.screen)


def key(host: Host, desktop: Desktop, chord: str) -> None:
    """Presses keys together, e.g. Return or ctrl+l."""
    host.must(["lab-seat", "key", chord], desktop.screen)


def point(host: Host, desktop: Desktop, x: int, y: int) -> None:
    """Moves the pointer to a pixel of the screen."""
    host.must(["lab-seat", "point", str(x), str(y)], desktop.screen)


def click(host: Host, desktop: Desktop, button: str = "left") -> None:
    """Presses and releases a button where the pointer is."""
    host.must(["lab-seat", "click", button], desktop.screen)


def press(host: Host, desktop: Desktop, button: str = "left") -> None:
    """Presses a button and holds it."""
    host.must(["lab-seat", "press", button], desktop.screen)


def release(host: Host, desktop: Desktop, button: str = "left") -> None:
    """Lets go of it."""
    host.must(["lab-seat", "release", button], desktop.screen)
