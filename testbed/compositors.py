# SPDX-License-Identifier: MIT
"""The compositors that an app can be brought to, and how each is started on a host.

This module is data and a way to start it. All run nested: each in a window of the host's screen (a headless sway,
see desktop.py) that fills the screen, so that one photograph, one virtual keyboard and one virtual pointer serve them
all, and so that weston has a seat at all. Mutter nests in X only: its window of the screen is an X server's, which it
has for itself.

Each runs in a runtime folder of its own, where its socket is called like the session's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import cursor
from .errors import LabError
from .host import Host
from .wait import wait_until

ICONS = "/run/lab/icons"
SOCKET = "wayland-1"

# From nothing to a socket takes under a second; a loaded machine may need many.
START_LIMIT = 30.0

SWAY_LOOK = """\
seat * xcursor_theme {theme}
xwayland disable
default_border none
default_floating_border none
focus_follows_mouse no
focus_on_window_activation focus
"""

_SWAY_CONFIG = "output * bg #{background} solid_color\n" + SWAY_LOOK

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

# Windows that leave it to KWin fill the screen, as sway has them do.
_KWIN_CONFIG = """\
[Windows]
Placement=Maximizing
[Plugins]
blurEnabled=false
contrastEnabled=false
[KDE]
AnimationDurationFactor=0
"""

# Mutter takes its cursors from the settings alone; from a theme that is not there it makes a white square.
_MUTTER_SETTINGS = """\
[org/gnome/desktop/interface]
cursor-theme='{theme}'
"""


@dataclass(frozen=True)
class Kind:
    """How one compositor is started. In COMMANDS (a service each, in this order), ENVIRONMENT and FILES (below its
    folder), {folder} is its runtime folder, {outer} the socket of the screen it runs in."""

    commands: dict[str, list[str]]
    environment: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    background: str = "336699"


_BUS = {"DBUS_SESSION_BUS_ADDRESS": "unix:path={folder}/bus"}
_BUS_COMMAND = ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--address=unix:path={folder}/bus"]
_X_DISPLAY = 9
_X_SOCKET = f"/tmp/.X11-unix/X{_X_DISPLAY}"

KINDS = {
    "sway": Kind(
        commands={"sway": ["sway", "--config", "{folder}/sway.conf"]},
        environment={"WLR_BACKENDS": "wayland", "WLR_RENDERER": "pixman"},
        files={"sway.conf": _SWAY_CONFIG},
    ),
    "weston": Kind(
        commands={
            # --fullscreen would be the word, but then weston 14 gives its output a width of 0 and ends.
            "weston": ["weston", "--backend=wayland", "--renderer=pixman", "--sprawl", f"--socket={SOCKET}"]
            + ["--config={folder}/weston.ini"]
        },
        files={"weston.ini": _WESTON_CONFIG},
    ),
    "kwin": Kind(
        commands={
            "bus": _BUS_COMMAND,
            "kwin": ["kwin_wayland", "--wayland-display", "{outer}", f"--socket={SOCKET}"]
            + ["--width=1280", "--height=800", "--no-lockscreen", "--no-global-shortcuts"],
            # Without a wallpaper, a black window could not be told from none.
            "wallpaper": ["env", f"WAYLAND_DISPLAY={{folder}}/{SOCKET}", "swaybg", "-c", "#336699"],
        },
        environment={**_BUS, "XDG_CONFIG_HOME": "{folder}/config", "LIBGL_ALWAYS_SOFTWARE": "1"},
        files={"config/kwinrc": _KWIN_CONFIG, "config/kdeglobals": _KWIN_CONFIG},
    ),
    "mutter": Kind(
        commands={
            "bus": _BUS_COMMAND,
            # Without a geometry it makes 640x480 pixels, and these as large as the screen.
            "xwayland": ["Xwayland", f":{_X_DISPLAY}", "-geometry", "1280x800", "-fullscreen", "-noreset", "-shm"],
            "mutter": ["mutter", "--nested", "--no-x11", f"--wayland-display={SOCKET}"],
        },
        environment={
            **_BUS,
            "DISPLAY": f":{_X_DISPLAY}",
            "MUTTER_DEBUG_DUMMY_MODE_SPECS": "1280x800",
            # A part that is drawn anew is shaded a little differently: where the pointer was, a pixel would stay.
            "CLUTTER_PAINT": "disable-clipped-redraws",
            "GSETTINGS_BACKEND": "keyfile",
            "XDG_CONFIG_HOME": "{folder}/config",
        },
        files={"config/glib-2.0/settings/keyfile": _MUTTER_SETTINGS},
        # Its own, at its brightest: it darkens towards the edges, and no setting changes it.
        background="1c4d7d",
    ),
}


@dataclass(frozen=True)
class Compositor:
    """One compositor of a host; `name` is that of its window's workspace and of its services."""

    name: str
    kind: str
    folder: str

    @property
    def display(self) -> str:
        """Its socket."""
        return f"{self.folder}/{SOCKET}"

    def start(self, host: Host, outer: str, background: str | None = None) -> None:
        """Starts it, in a window of the compositor that listens at OUTER, and waits for its socket."""
        kind = KINDS[self.kind]
        place = {"folder": self.folder, "outer": outer}
        host.path(self.folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        look = {"background": background or kind.background, "theme": cursor.THEME}
        for file, text in kind.files.items():
            path = host.path(f"{self.folder}/{file}")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.format(**look))
        env = {key: value.format(**place) for key, value in kind.environment.items()}
        env |= {"XDG_RUNTIME_DIR": self.folder, "WAYLAND_DISPLAY": outer, **cursor.environment(ICONS)}
        for service, argv in kind.commands.items():
            log = self.name if service == self.kind else f"{self.name}-{service}"
            host.service(log, [word.format(**place) for word in argv], env)
            wait_for_socket(host, _SOCKETS.get(service, self.display).format(**place), log)


# What each service listens at, where that is not the display.
_SOCKETS = {"bus": "{folder}/bus", "xwayland": _X_SOCKET}


def wait_for_socket(host: Host, socket: str, service: str) -> None:
    """Waits until SERVICE listens there; says the end of its log if it does not."""
    try:
        wait_until(host.path(socket).is_socket, START_LIMIT, f"{service} on {host.name}")
    except LabError as error:
        tail = host.log(service).read_text(errors="replace")[-2000:]
        raise LabError(f"{error}; its log ends:\n{tail}") from error
