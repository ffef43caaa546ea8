# SPDX-License-Identifier: MIT
"""Cursors for pictures: one that cannot be seen, and for tests of the cursor one that says what it is.

A headless wlroots output has no cursor plane, so the cursor is painted into every photograph, and its shape
and place would make two screens differ that show the same. Hiding it by sway's own `hide_cursor` would take
the pointer focus away from the application, which is a thing under test; a transparent theme takes nothing.

In the other theme every shape is a square of a colour of its own, so that one pixel names the shape.
"""

from __future__ import annotations

import struct
from pathlib import Path

from .picture import Colour

THEME = "lab-blank"
COLOURS = "lab-colours"

# The length of a square's side; the pixel that is pointed with is in its middle.
SIDE = 8

# The names of the cursor-shape protocol, which are those of CSS, and the two of old.
_SHAPES = """
    default context-menu help pointer progress wait cell crosshair text vertical-text alias copy move no-drop
    not-allowed grab grabbing e-resize n-resize ne-resize nw-resize s-resize se-resize sw-resize w-resize
    ew-resize ns-resize nesw-resize nwse-resize col-resize row-resize all-scroll zoom-in zoom-out left_ptr xterm
""".split()

_IMAGE_CHUNK = 0xFFFD0002
_NOMINAL_SIZE = 24


def environment(icons: str) -> dict[str, str]:
    """What makes libwayland-cursor and wlroots use the theme below ICONS."""
    return {"XCURSOR_PATH": icons, "XCURSOR_THEME": THEME, "XCURSOR_SIZE": str(_NOMINAL_SIZE)}


def colour(shape: str) -> Colour:
    """What a shape is painted in by the theme of colours: a colour that nothing else on a screen is likely to be."""
    return Colour(255, 6 * _SHAPES.index(shape), 255 - 6 * _SHAPES.index(shape))


def install(icons: Path) -> None:
    """Writes the themes below ICONS."""
    for theme in (THEME, COLOURS):
        (icons / theme / "cursors").mkdir(parents=True)
    for shape in _SHAPES:
        (icons / THEME / "cursors" / shape).write_bytes(_image(1, bytes(4)))
        red, green, blue = colour(shape)
        (icons / COLOURS / "cursors" / shape).write_bytes(_image(SIDE, bytes([blue, green, red, 255])))


def _image(side: int, pixel: bytes) -> bytes:
    """A square of one PIXEL (blue, green, red, opacity) in the form of libXcursor: file header, a table with one
    entry, the image."""
    header = struct.pack("<4sIII", b"Xcur", 16, 0x10000, 1)
    table = struct.pack("<III", _IMAGE_CHUNK, _NOMINAL_SIZE, 28)
    image = struct.pack("<IIIIIIIII", 36, _IMAGE_CHUNK, _NOMINAL_SIZE, 1, side, side, side // 2, side // 2, 0)
    return header + table + image + pixel * side * side
