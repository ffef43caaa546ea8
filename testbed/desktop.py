# SPDX-License-Identifier: MIT
"""The desktop session of a host: a compositor, a screen to photograph and a seat to type on.

Promises: `start()` returns when the screen shows the empty desktop. Two layers are told apart: the *screen*
is always a headless sway of 1280x800 with the lab's virtual seat on it; the *session* is what applications
and wayferry see. With sway they are the same compositor. weston headless has no seat at all, so there
it runs nested, full screen, in the screen, and has pointer and keyboard through it.

The screen of a nested session lies in a runtime folder of its own, so that in the user's there is only one
compositor to be found.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import cursor, screen
from .errors import LabError
from .host import Host
from .picture import Colour
from .wait import wait_until

COMPOSITORS = ("sway", "weston")

RUNTIME = "/run/user/0"
DISPLAY = "wayland-1"
SEAT_SOCKET = "/run/lab/seat"
_ICONS = "/run/lab/icons"

WIDTH, HEIGHT = 1280, 800
DEFAULT_BACKGROUND = "336699"

# From an empty machine to a painted background takes under a second; a loaded one may need many.
START_LIMIT = 30.0

_HEADLESS = {
    "WLR_BACKENDS": "headless",
    "WLR_LIBINPUT_NO_DEVICES": "1",
    # The same pixels everywhere, whatever the machine's graphics are.
    "WLR_RENDERER": "pixman",
    **cursor.environment(_ICONS),
}

# A headless output has no refresh rate unless told one; weston, nested, ends by an assertion on 0.
_SWAY_CONFIG = """\
output HEADLESS-1 mode --custom {width}x{height}@60Hz position 0 0 bg #{background} solid_color
seat * xcursor_theme {theme}
xwayland disable
default_border none
default_floating_border none
focus_follows_mouse no
focus_on_window_activation focus
"""

_WESTON_CONFIG = """\
[core]
idle-time=0
[shell]
panel-position=none
locking=false
animation=none
startup-animation=none
close-animation=none
focus-animation=none
background-color=0xff{background}
[keyboard]
keymap_layout=us
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
    def screen(self) -> dict[str, str]:
        """The environment of what photographs the screen and types on its seat."""
        runtime = RUNTIME if self.compositor == "sway" else "/run/lab/screen"
        return {"XDG_RUNTIME_DIR": runtime, "WAYLAND_DISPLAY": DISPLAY, "LAB_SEAT_SOCKET": SEAT_SOCKET}

    def start(self, host: Host) -> None:
        """Brings the desktop up on a new host."""
        for folder in {RUNTIME, "/run/lab", self.screen["XDG_RUNTIME_DIR"]}:
            host.path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        cursor.install(host.path(_ICONS))
        self._start_sway(host)
        host.service("seat", ["lab-seat", "serve"], self.screen)
        _wait_for(host, SEAT_SOCKET, "seat")
        if self.compositor == "weston":
            self._start_weston(host)

    def wait_painted(self, host: Host) -> None:
        """Waits for the background, the last thing to come up."""
        wanted = Colour.from_hex(self.background)
        wait_until(
            lambda: screen.picture(host, self).colour(WIDTH // 2, HEIGHT // 2) == wanted,
            START_LIMIT,
            f"the empty desktop on {host.name}",
        )

    def _start_sway(self, host: Host) -> None:
        # Under a nested session black, so that a session which is not there cannot be mistaken for one.
        background = self.background if self.compositor == "sway" else "000000"
        config = _SWAY_CONFIG.format(width=WIDTH, height=HEIGHT, background=background, theme=cursor.THEME)
        host.path("/run/lab/sway.conf").write_text(config)
        env = {**_HEADLESS, "XDG_RUNTIME_DIR": self.screen["XDG_RUNTIME_DIR"]}
        host.service("sway", ["sway", "--unsupported-gpu", "--config", "/run/lab/sway.conf"], env)
        _wait_for(host, f"{env['XDG_RUNTIME_DIR']}/{DISPLAY}", "sway")

    def _start_weston(self, host: Host) -> None:
        host.path("/run/lab/weston.ini").write_text(_WESTON_CONFIG.format(background=self.background))
        outer = f"{self.screen['XDG_RUNTIME_DIR']}/{DISPLAY}"
        # --fullscreen would be the word, but then weston 14 gives its output a width of 0 and ends.
        options = ["--backend=wayland", "--renderer=pixman", "--sprawl", f"--socket={DISPLAY}"]
        host.service(
            "weston",
            ["weston", *options, "--config=/run/lab/weston.ini"],
            {"XDG_RUNTIME_DIR": RUNTIME, "WAYLAND_DISPLAY": outer, **cursor.environment(_ICONS)},
        )
        _wait_for(host, f"{RUNTIME}/{DISPLAY}", "weston")


def _wait_for(host: Host, socket: str, service: str) -> None:
    try:
        wait_until(host.path(socket).is_socket, START_LIMIT, f"{service} on {host.name}")
    except LabError as error:
        tail = host.log(service).read_text(errors="replace")[-2000:]
        raise LabError(f"{error}; its log ends:\n{tail}") from error
