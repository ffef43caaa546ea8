# SPDX-License-Identifier: MIT
"""Photographs of a host's screen, by grim on the headless sway that every host has at the bottom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .compositors import START_LIMIT
from .errors import LabError
from .host import Host
from .picture import Colour, Picture
from .wait import wait_until

if TYPE_CHECKING:
    from .desktop import Desktop


def picture(host: Host, desktop: Desktop) -> Picture:
    """The screen as pixels to compare."""
    return Picture.from_ppm(_grim(host, desktop, "ppm"))


def save(host: Host, desktop: Desktop, file: Path) -> None:
    """The screen as a PNG file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_grim(host, desktop, "png"))


def wait_painted(host: Host, desktop: Desktop, background: str, what: str) -> None:
    """Waits for a background, the last thing to come up, in the middle of the screen."""
    wanted = Colour.from_hex(background)

    def painted() -> bool:
        now = picture(host, desktop)
        return now.colour(now.width // 2, now.height // 2).near(wanted)

    wait_until(painted, START_LIMIT, f"{what} on {host.name}")


def _grim(host: Host, desktop: Desktop, kind: str) -> bytes:
    done = host.run(["grim", "-t", kind, "-"], desktop.screen)
    if done.returncode != 0:
        raise LabError(f"no picture of {host.name}'s screen: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
