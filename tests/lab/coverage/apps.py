# SPDX-License-Identifier: MIT
"""The applications of the coverage table: how each is started and how it shows that it lives.

This module is data. What an application makes of input is its own affair, so each line names one thing that it
visibly does when asked; where nothing is named it takes no input, and must go on animating if it did.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reaction:
    """Something done to a window that it must answer. AT is where the pointer goes first, in hundredths of the
    window's width and height (PIXELS: from its corner); then it SWEEPs to there in small steps, with the button held for a DRAG; then a
    CLICK; then KEYS, chords one after the other. The answer is a change of the picture, or LOG among the app's words.
    Where the same again would change nothing, AT goes on by STEP each time."""

    at: tuple[int, int] | None = None
    sweep: tuple[int, int] | None = None
    drag: bool = False
    click: bool = False
    keys: tuple[str, ...] = ()
    log: str | None = None
    step: tuple[int, int] = (0, 0)
    pixels: bool = False


@dataclass(frozen=True)
class App:
    """One row of the table. ANIMATED apps never come to rest, and FICKLE ones draw something else each time they draw:
    their pictures cannot be compared."""

    name: str
    command: tuple[str, ...]
    reaction: Reaction | None
    animated: bool = False
    fickle: bool = False
    env: dict[str, str] = field(default_factory=dict)
    move: bool = False


_SDL = "/usr/libexec/installed-tests/SDL2"
_PICTURE = "/usr/share/weston/wayland.png"

# Debian's Mesa has no GPU in the lab; SDL would try X11 first, and Qt a platform of its own choice.
_SDL_ENV = {"SDL_VIDEODRIVER": "wayland"}
_QT_ENV = {"QT_QPA_PLATFORM": "wayland"}

_LETTER = Reaction(at=(50, 50), click=True, keys=("x",))


def _weston(
    name: str,
    *options: str,
    reaction: Reaction | None,
    animated: bool = False,
    fickle: bool = False,
    move: bool = False,
) -> App:
    return App(f"weston-{name}", (f"weston-{name}", *options), reaction, animated, fickle, move=move)


# xterm on an X server of its own, which is the Wayland client.
_XTERM = """
    Xwayland -geometry 640x480 -noreset :7 &
    for look in $(seq 400); do [ -S /tmp/.X11-unix/X7 ] && break; sleep 0.05; done
    DISPLAY=:7 exec xterm
"""

APPS = [
    App("foot", ("foot", "-o", "cursor.blink=no"), Reaction(keys=("x",)), move=True),
    _weston("clickdot", reaction=Reaction(at=(40, 60), click=True, step=(0, -9))),
    _weston("cliptest", reaction=Reaction(at=(50, 50), keys=("n",))),
    _weston("constraints", reaction=None),
    # Its things stand at fixed places, along a diagonal among others.
    _weston("dnd", reaction=Reaction((125, 75), (175, 125), drag=True, step=(80, 80), pixels=True), fickle=True),
    _weston("editor", reaction=Reaction(at=(30, 28), click=True, keys=("x",))),
    # Its output is a pipe, in which its words would wait until there are many.
    App(
        "weston-eventdemo",
        ("stdbuf", "-oL", "weston-eventdemo", "--log-button"),
        Reaction(at=(50, 50), click=True, log="button: 272"),
    ),
    _weston("flower", reaction=Reaction(at=(50, 50)), fickle=True),
    _weston("fullscreen", reaction=Reaction(keys=("s",))),
    _weston("image", _PICTURE, reaction=Reaction(keys=("equal",))),
    _weston("presentation-shm", reaction=None, animated=True),
    _weston("resizor", reaction=Reaction(keys=("Up",)), fickle=True),
    _weston("scaler", reaction=None),
    _weston("simple-damage", reaction=None, animated=True),
    _weston("simple-egl", reaction=None, animated=True, move=True),
    _weston("simple-shm", reaction=None, animated=True),
    _weston("smoke", reaction=Reaction(at=(30, 30), sweep=(60, 60)), animated=True),
    _weston("stacking", reaction=Reaction(at=(50, 50), click=True, keys=("n",))),
    _weston("subsurfaces", reaction=None, animated=True),
    _weston("terminal", reaction=Reaction(keys=("x",))),
    _weston("transformed", reaction=None),
    App("gtk4-demo", ("gtk4-demo",), Reaction(at=(10, 50), click=True, step=(0, 7)), move=True),
    App("gtk4-widget-factory", ("gtk4-widget-factory",), Reaction(at=(20, 20), click=True), True, move=True),
    App("gtk3-demo", ("gtk3-demo",), Reaction(at=(10, 50), click=True, step=(0, 7))),
    App("gtk3-widget-factory", ("gtk3-widget-factory",), Reaction(at=(20, 20), click=True), True),
    App("featherpad (Qt 6)", ("featherpad",), _LETTER, env=_QT_ENV, move=True),
    App("testdraw2 (SDL 2)", (f"{_SDL}/testdraw2",), None, True, env=_SDL_ENV),
    App("checkkeys (SDL 2)", (f"{_SDL}/checkkeys",), Reaction(keys=("x",), log="Key"), env=_SDL_ENV),
    App("glmark2-es2", ("glmark2-es2-wayland", "--run-forever", "-b", "build"), None, True, move=True),
    App("xterm (Xwayland)", ("sh", "-c", _XTERM), Reaction(at=(10, 10), click=True, keys=("x",))),
]
