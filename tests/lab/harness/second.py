# SPDX-License-Identifier: MIT
"""A second screen of a host: another sway beside the session's, headless like it, for windows to switch to."""

from __future__ import annotations

from dataclasses import dataclass

from testbed import cursor
from testbed.compositors import ICONS
from testbed.desktop import DISPLAY, Desktop
from testbed.wait import wait_until

from .case import LabTest
from .labhost import LIMIT, LabHost

_FOLDER = "/run/second"
_SEAT = f"{_FOLDER}/seat"
_SWAY_SOCKET = f"{_FOLDER}/sway.sock"

#: Where it listens.
SECOND_DISPLAY = f"{_FOLDER}/{DISPLAY}"

_HEADLESS = {
    "WLR_BACKENDS": "headless",
    "WLR_RENDERER": "pixman",
    "WLR_LIBINPUT_NO_DEVICES": "1",
    "SWAYSOCK": _SWAY_SOCKET,
    **cursor.environment(ICONS),
}


@dataclass(frozen=True)
class _Second(Desktop):
    @property
    def screen(self) -> dict[str, str]:
        """Its own pictures and hands; the session stays what it was."""
        return {
            "XDG_RUNTIME_DIR": _FOLDER,
            "WAYLAND_DISPLAY": DISPLAY,
            "LAB_SEAT_SOCKET": _SEAT,
            "SWAYSOCK": _SWAY_SOCKET,
        }


def second_screen(test: LabTest, host: LabHost, *, seat: bool) -> LabHost:
    """The host as it is seen on a second screen, which has a SEAT or none and ends with the test."""
    second = LabHost(host.host, _Second("sway"))
    others = host.pids("sway")
    host.must("mkdir", "-p", "-m", "700", _FOLDER)
    env = {"XDG_RUNTIME_DIR": _FOLDER, **_HEADLESS}
    host.host.service("sway2", ["sway", "--unsupported-gpu", "--config", "/run/lab/sway.conf"], env)
    test.addCleanup(_end, host, others)
    host.wait_for_socket(SECOND_DISPLAY)
    if seat:
        host.host.service("seat2", ["lab-seat", "serve"], second.desktop.screen)
        host.wait_for_socket(_SEAT)
    return second


def _end(host: LabHost, others: list[int]) -> None:
    """Ends it; its sockets go too, lest the next one be taken for there before it is."""
    for pid in set(host.pids("sway")) - set(others):
        host.run("kill", str(pid))
    wait_until(lambda: set(host.pids("sway")) <= set(others), LIMIT, f"the end of the second sway on {host.name}")
    host.must("rm", "-rf", _FOLDER)
