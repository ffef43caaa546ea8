# SPDX-License-Identifier: MIT
"""The desktop session of a host: a compositor, a screen to photograph and a seat to type on.

Promises: `start()` returns when the screen shows the empty desktop. Two layers are told apart: the *screen*
is always a headless sway of 1280x800 with the lab's virtual seat on it; the *session* is what applications
and wayferry see. With sway they are the same compositor; every other session runs nested in the screen, fills
it, and has pointer and keyboard through it (compositors.py).

The screen of a nested session lies in a runtime folder of its own, so that in the user's there is only one
compositor to be found.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import cursor, screen
from .compositors import ICONS, KINDS, SOCKET, SWAY_LOOK, Compositor, wait_for_socket
from .host import Host

COMPOSITORS = tuple(KINDS)

RUNTIME = "/run/user/0"
DISPLAY = SOCKET
SEAT_SOCKET = "/run/lab/seat"
SWAY_SOCKET = "/run/lab/sway.sock"

WIDTH, HEIGHT = 1280, 800
DEFAULT_BACKGROUND = "336699"

_HEADLESS = {
    "WLR_BACKENDS": "headless",
    "WLR_LIBINPUT_NO_DEVICES": "1",
    # The same pixels everywhere, whatever the machine's graphics are.
    "WLR_RENDERER": "pixman",
    "SWAYSOCK": SWAY_SOCKET,
    **cursor.environment(ICONS),
}

# Seen only until a nested session covers it, so that one which is not there cannot be mistaken for one.
_NOTHING = "800080"

# A headless output has no refresh rate unless told one; weston, nested, ends by an assertion on 0.
_SWAY_CONFIG = """\
output HEADLESS-1 mode --custom {width}x{height}@60Hz position 0 0 bg #{background} solid_color
"""

@dataclass(frozen=True)
class Desktop:
    """How to reach a host's session and its screen."""

    compositor: str
    background: str = DEFAULT_BACKGROUND

    @property
    def session(self) -> dict[str, str]:
        """The environment of an application started by hand in the session."""
        return {"XDG_RUNTIME_DIR": RUNTIME, "WAYLAND_DISPLAY": DISPLAY}

    @property
    def socket(self) -> str:
        """The session's display."""
        return f"{RUNTIME}/{DISPLAY}"

    @property
    def screen(self) -> dict[str, str]:
        """The environment of what photographs the screen, types on its seat and tells its sway something."""
        runtime = RUNTIME if self.compositor == "sway" else "/run/lab/screen"
        return {
            "XDG_RUNTIME_DIR": runtime,
            "WAYLAND_DISPLAY": DISPLAY,
            "LAB_SEAT_SOCKET": SEAT_SOCKET,
            "SWAYSOCK": SWAY_SOCKET,
        }

    @property
    def outer(self) -> str:
        """The screen's own socket."""
        return f"{self.screen['XDG_RUNTIME_DIR']}/{DISPLAY}"

    def start(self, host: Host) -> None:
        """Brings the desktop up on a new host."""
        for folder in {RUNTIME, "/run/lab", self.screen["XDG_RUNTIME_DIR"]}:
            host.path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        cursor.install(host.path(ICONS))
        self._start_screen(host)
        host.service("seat", ["lab-seat", "serve"], self.screen)
        wait_for_socket(host, SEAT_SOCKET, "seat")
        if self.compositor != "sway":
            nested = Compositor(self.compositor, self.compositor, RUNTIME)
            nested.start(host, self.outer, self._session_background)

    def wait_painted(self, host: Host) -> None:
        """Waits for it to be on the screen."""
        screen.wait_painted(host, self, self._session_background, "the empty desktop")

    @property
    def _session_background(self) -> str:
        return self.background if self.background != DEFAULT_BACKGROUND else KINDS[self.compositor].background

    def _start_screen(self, host: Host) -> None:
        background = self.background if self.compositor == "sway" else _NOTHING
        config = _SWAY_CONFIG.format(width=WIDTH, height=HEIGHT, background=background)
        host.path("/run/lab/sway.conf").write_text(config + SWAY_LOOK.format(theme=cursor.THEME))
        env = {**_HEADLESS, "XDG_RUNTIME_DIR": self.screen["XDG_RUNTIME_DIR"]}
        name = "sway" if self.compositor == "sway" else "screen"
        host.service(name, ["sway", "--unsupported-gpu", "--config", "/run/lab/sway.conf"], env)
        wait_for_socket(host, self.outer, name)
