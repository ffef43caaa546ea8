# SPDX-License-Identifier: MIT
"""docs/coverage.md: read, compared and written. It is made by the test run and holds nothing that no run said,
except the reasons: where a cell was not ok before, its words are kept, because people make them better."""

from __future__ import annotations

import re
from pathlib import Path

from testbed import places

FILE = places.TREE / "docs" / "coverage.md"

_HEAD = """\
# Which apps change between which compositors

Made by `./lab coverage`, and kept true by `tests/lab/test_coverage.py`, which fails when a cell is not what this page
says. A cell is ok when the window came up on the other compositor, looked the same where it has to (the way there
and back, sway to sway), and answered input or went on animating.

Debian 13's versions: sway 1.10, weston 14, KWin 6.3, Mutter 48; software rendering. `switch` is a change of
compositor on one host, `move` one to another host. An empty cell was not tried.
"""

Cells = dict[tuple[str, str], str | None]


def read(file: Path = FILE) -> Cells:
    """Each cell that was tried, with the reason why it is not ok, None if it is."""
    if not file.exists():
        return {}
    cells: Cells = {}
    reasons: dict[tuple[str, str], str] = {}
    columns: list[str] = []
    for line in file.read_text().splitlines():
        if line.startswith("| app |"):
            columns = _words(line)[1:]
        elif line.startswith("| ") and columns:
            app, *marks = _words(line)
            cells |= {(app, column): mark for column, mark in zip(columns, marks, strict=True) if mark}
        elif match := re.match(r"- (.+?), (.+?): (.+)", line):
            reasons[match[1], match[2]] = match[3]
    return {key: None if mark == "ok" else reasons.get(key, "") for key, mark in cells.items()}


def write(cells: Cells, file: Path = FILE) -> None:
    """Writes the page, with the reasons of before where they still hold."""
    old = read(file)
    columns = list(dict.fromkeys(pair for _, pair in cells))
    lines = [_HEAD, "| app | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for app in dict.fromkeys(app for app, _ in cells):
        marks = [_mark(cells, (app, column)) for column in columns]
        lines.append(f"| {app} | " + " | ".join(marks) + " |")
    lines += ["", "What is not ok, and why:", ""]
    for (app, pair), reason in cells.items():
        if reason is not None:
            lines.append(f"- {app}, {pair}: {old.get((app, pair)) or reason}")
    file.write_text("\n".join(lines) + "\n")


def _mark(cells: Cells, key: tuple[str, str]) -> str:
    if key not in cells:
        return " "
    return "ok" if cells[key] is None else "no"


def _words(line: str) -> list[str]:
    return [word.strip() for word in line.strip("|").split("|")]
