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


def hold(host: Host, desktop: Desktop, chord: str) -> None:
    """Presses keys and holds them."""
    host.must(["lab-seat", "hold", chord], desktop.screen)


def lift(host: Host, desktop: Desktop, chord: str) -> None:
    """Lets go of them; of keys that are up, too."""
    host.must(["lab-seat", "lift", chord], desktop.screen)


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


def input_method(host: Host, desktop: Desktop, *, there: bool) -> None:
    """Gives the seat an input method, or takes it away."""
    host.must(["lab-seat", "method", "on" if there else "off"], desktop.screen)


def field_wants_text(host: Host, desktop: Desktop) -> bool:
    """Whether the input method has been activated for a text field."""
    return host.run(["lab-seat", "field"], desktop.screen).returncode == 0


def commit(host: Host, desktop: Desktop, text: str) -> None:
    """Has the input method give its field a text."""
    host.must(["lab-seat", "commit", text], desktop.screen)
