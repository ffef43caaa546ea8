# SPDX-License-Identifier: MIT
"""Pictures of a screen, compared pixel for pixel.

Reads the PPM that grim writes, because that needs no library. Comparing whole rows first keeps the
pure-Python loop to the rows that differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .errors import LabError

_BYTES = 3  # red, green, blue


class Colour(NamedTuple):
    """One pixel."""

    red: int
    green: int
    blue: int

    @classmethod
    def from_hex(cls, text: str) -> Colour:
        """From six hexadecimal digits."""
        return cls(*bytes.fromhex(text))

    def near(self, other: Colour) -> bool:
        """The same but for what a shader makes of it, which rounds on one processor as it does not on another."""
        return all(abs(mine - theirs) <= 2 for mine, theirs in zip(self, other, strict=True))


class Box(NamedTuple):
    """A rectangle; right and bottom are outside it."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Picture:
    """Width times height pixels. Equality is that of every pixel."""

    width: int
    height: int
    pixels: bytes = field(repr=False)  # a failed comparison would print megabytes

    @classmethod
    def from_ppm(cls, data: bytes) -> Picture:
        """Reads a binary PPM with 8 bits a channel."""
        fields = data.split(maxsplit=4)
        if len(fields) < 4 or fields[0] != b"P6" or fields[3] != b"255":
            raise LabError(f"not a picture in PPM form: it begins with {data[:20]!r}")
        width, height = int(fields[1]), int(fields[2])
        size = width * height * _BYTES
        if len(data) < size:
            raise LabError(f"the picture of {width}x{height} is cut short: {len(data)} of {size} bytes")
        return cls(width, height, data[-size:])

    def colour(self, x: int, y: int) -> Colour:
        """The pixel at x, y."""
        at = (y * self.width + x) * _BYTES
        return Colour(*self.pixels[at : at + _BYTES])

    def row(self, y: int) -> bytes:
        """One row of pixels."""
        length = self.width * _BYTES
        return self.pixels[y * length : (y + 1) * length]

    def differences(self, other: Picture) -> int:
        """How many pixels differ; pictures of different sizes differ in all."""
        if (self.width, self.height) != (other.width, other.height):
            return max(self.width * self.height, other.width * other.height)
        return sum(len(self._differing(other, y)) for y in range(self.height))

    def box_of_differences(self, other: Picture) -> Box | None:
        """The smallest rectangle around all differences, None if there are none."""
        # By halves, not pixel by pixel: a window of the screen's size has a million of them.
        width = self.width * _BYTES
        rows = [(y, self.row(y), other.row(y)) for y in range(self.height) if self.row(y) != other.row(y)]
        if not rows:
            return None
        left = min(_first_difference(mine, theirs) for _, mine, theirs in rows)
        right = width - min(_first_difference(mine[::-1], theirs[::-1]) for _, mine, theirs in rows)
        return Box(left // _BYTES, rows[0][0], (right - 1) // _BYTES + 1, rows[-1][0] + 1)

    def crop(self, box: Box) -> Picture:
        """The part inside BOX."""
        rows = [self.row(y)[box.left * _BYTES : box.right * _BYTES] for y in range(box.top, box.bottom)]
        return Picture(box.right - box.left, box.bottom - box.top, b"".join(rows))

    def _differing(self, other: Picture, y: int) -> list[int]:
        mine, theirs = self.row(y), other.row(y)
        if mine == theirs:
            return []
        return [
            x
            for x in range(self.width)
            if mine[x * _BYTES : (x + 1) * _BYTES] != theirs[x * _BYTES : (x + 1) * _BYTES]
        ]


def _first_difference(one: bytes, other: bytes) -> int:
    """The index of the first byte that differs; there is one."""
    low, high = 0, len(one)
    while high - low > 1:
        middle = (low + high) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle
    return low
