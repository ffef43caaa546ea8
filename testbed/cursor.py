# SPDX-License-Identifier: MIT
"""A cursor that cannot be seen.

A headless wlroots output has no cursor plane, so the cursor is painted into every photograph, and its shape
and place would make two screens differ that show the same. Hiding it by sway's own `hide_cursor` would take
the pointer focus away from the application, which is a thing under test; a transparent theme takes nothing.
"""

from __future__ import annotations

import struct
from pathlib import Path

THEME = "lab-blank"

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


def install(icons: Path) -> None:
    """Writes the theme below ICONS."""
    cursors = icons / THEME / "cursors"
    cursors.mkdir(parents=True)
    for shape in _SHAPES:
        (cursors / shape).write_bytes(_transparent_pixel())


def _transparent_pixel() -> bytes:
    """One pixel in the form of libXcursor: file header, a table with one entry, the image."""
    header = struct.pack("<4sIII", b"Xcur", 16, 0x10000, 1)
    table = struct.pack("<III", _IMAGE_CHUNK, _NOMINAL_SIZE, 28)
    image = struct.pack("<IIIIIIIIII", 36, _IMAGE_CHUNK, _NOMINAL_SIZE, 1, 1, 1, 0, 0, 0, 0)
    return header + table + image
