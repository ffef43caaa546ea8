# SPDX-License-Identifier: MIT
"""The lab's tools that need no host: pictures and size figures. Each is shown to detect what it is for."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path

from harness import Box, Colour, LabError, Picture
from testbed import figures, suite
from testbed.lane import Lane


def plain(width: int, height: int, *dots: tuple[int, int]) -> Picture:
    """A black picture with white dots."""
    pixels = bytearray(width * height * 3)
    for x, y in dots:
        at = (y * width + x) * 3
        pixels[at : at + 3] = b"\xff\xff\xff"
    return Picture(width, height, bytes(pixels))


class Pictures(unittest.TestCase):
    """Comparing pixel for pixel."""

    def test_a_ppm_is_read(self) -> None:
        picture = Picture.from_ppm(b"P6\n2 1\n255\n" + bytes([1, 2, 3, 32, 10, 9]))
        self.assertEqual(picture.colour(1, 0), Colour(32, 10, 9))

    def test_a_ppm_cut_short_is_refused(self) -> None:
        with self.assertRaisesRegex(LabError, "cut short"):
            Picture.from_ppm(b"P6\n20 10\n255\nabc")

    def test_equal_pictures_do_not_differ(self) -> None:
        self.assertEqual(plain(4, 3, (1, 1)).differences(plain(4, 3, (1, 1))), 0)
        self.assertIsNone(plain(4, 3).box_of_differences(plain(4, 3)))

    def test_every_differing_pixel_counts(self) -> None:
        one, other = plain(8, 6), plain(8, 6, (2, 1), (5, 1), (3, 4))
        self.assertEqual(one.differences(other), 3)
        self.assertEqual(one.box_of_differences(other), Box(2, 1, 6, 5))

    def test_different_sizes_differ_everywhere(self) -> None:
        self.assertEqual(plain(4, 3).differences(plain(4, 4)), 16)

    def test_a_crop_is_the_part_inside(self) -> None:
        self.assertEqual(plain(8, 6, (2, 1)).crop(Box(2, 1, 4, 2)), plain(2, 1, (0, 0)))


class Parts(unittest.TestCase):
    """A test that fails in one of its parts only."""

    def parts(self) -> None:
        for number in range(3):
            with self.subTest(number):
                self.assertNotEqual(number, 1)


class Suite(unittest.TestCase):
    """What is counted."""

    def test_a_failed_part_fails_its_test_once(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()) as said:
            counts = suite.run_tests([Parts("parts")])
        self.assertEqual(str(counts), "0 passed, 1 failed, 0 skipped")
        self.assertIn("1 == 1", said.getvalue())


class Lanes(unittest.TestCase):
    """Work beside other work."""

    def test_its_result_comes_back(self) -> None:
        self.assertEqual(Lane(lambda: suite.Counts(1, 2, 3)).result(), suite.Counts(1, 2, 3))

    def test_an_end_without_a_result_is_an_error(self) -> None:
        with self.assertRaisesRegex(LabError, "without a result"):
            Lane(lambda: os._exit(0)).result()


class Figures(unittest.TestCase):
    """Finding functions and their lengths."""

    def functions_of(self, name: str, text: str) -> dict[str, int]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / name
            file.write_text(text)
            find = figures.cpp_functions if name.endswith(".cc") else figures.python_functions
            return {function.name: function.lines for function in find(file)}

    def test_cpp_functions_are_found_and_nothing_else(self) -> None:
        text = """
namespace a {
struct Point { int x{}; };
const int table[] = {1, 2};
int one() { return 1; }
Thing::Thing(int x)
    : x_{x}, y_{} {
  if (x) { call("}"); }  // }
}
}
"""
        self.assertEqual(self.functions_of("a.cc", text), {"one": 1, "Thing::Thing": 4})

    def test_python_functions_are_found(self) -> None:
        self.assertEqual(self.functions_of("a.py", "def one():\n    return 1\n"), {"one": 2})

    def test_a_function_over_the_limit_fails(self) -> None:
        for lines, good in ((figures.LIMIT, True), (figures.LIMIT + 1, False)):
            with tempfile.TemporaryDirectory() as folder:
                (Path(folder) / "src").mkdir()
                body = "  step();\n" * (lines - 2)
                (Path(folder) / "src/a.cc").write_text(f"void f() {{\n{body}}}\n")
                with contextlib.redirect_stdout(io.StringIO()):
                    self.assertEqual(figures.report(Path(folder)), good)
