# SPDX-License-Identifier: MIT
"""Several compositors at once on one host, for windows that go from one to another.

Each stands on a workspace of the screen's sway; the one that is shown is what `screen` photographs and what
`hands` reach. The session's own is shown first. Only wayferry's `--display` leads to the others: their
sockets lie outside the user's runtime folder.
"""

from __future__ import annotations

from . import screen
from .compositors import KINDS, SEAT, START_LIMIT, Compositor
from .desktop import HEIGHT, WIDTH, Desktop
from .host import Host
from .picture import Colour
from .wait import wait_until

# sway's own name for the workspace that is there at first.
_FIRST = "1"


def add(host: Host, desktop: Desktop, kind: str, name: str) -> Compositor:
    """Starts another compositor; when this returns it is painted, and shown unless it is one nobody sees."""
    one = Compositor(name, kind, f"/run/lab/{name}")
    if one.seen:
        show(host, desktop, one)
    one.start(host, desktop.outer)
    if one.seen:
        wanted = Colour.from_hex(KINDS[kind].background)
        wait_until(
            lambda: screen.picture(host, desktop).colour(WIDTH // 2, HEIGHT // 2) == wanted,
            START_LIMIT,
            f"the empty {name} on {host.name}",
        )
    return one


def show(host: Host, desktop: Desktop, one: Compositor | None) -> None:
    """Shows that compositor's workspace, the session's for None."""
    host.must(["swaymsg", "--quiet", "workspace", one.name if one else _FIRST], desktop.screen)


def seat(one: Compositor) -> dict[str, str]:
    """What leads `hands` to the seat of a compositor that has one of its own."""
    return {"LAB_SEAT_SOCKET": f"{one.folder}/{SEAT}"}
