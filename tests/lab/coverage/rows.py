# SPDX-License-Identifier: MIT
"""A row of the coverage table: one application, taken from compositor to compositor, each pair a cell.

A cell is None when all went well, else the first line of what did not. After a cell that is not ok, the next one
starts the application anew, so no cell pays for another.
"""

from __future__ import annotations

from collections.abc import Callable

from harness import LabError

from .apps import App
from .trial import Place, Trial

Row = dict[str, str | None]

# The compositors beside the session's own sway: name and kind.
OTHERS = {"sway2": "sway", "weston": "weston", "kwin": "kwin", "mutter": "mutter"}

_CALLED = {"sway": "sway", "sway2": "sway", "weston": "weston", "kwin": "KWin", "mutter": "Mutter"}

# The other sway is where an app waits between cells, because all else is compared with it.
_HOME = "sway2"
_FROM_SWAY = (_HOME, "weston", "kwin", "mutter")
_TO_SWAY = ("weston", "kwin")
# Each begins where the one before ended.
_MOVES = (("sway", "sway"), ("sway", "weston"), ("weston", "sway"), ("sway", "kwin"), ("kwin", "sway"))

# Compositors that put a window anywhere.
_CAPRICIOUS = ("weston",)


def _pair(verb: str, source: str, target: str) -> str:
    return f"{verb} {_CALLED[source]}→{_CALLED[target]}"


def columns() -> list[str]:
    """The table's columns, in their order."""
    switches = [("sway", to) for to in _FROM_SWAY] + [(start, "sway") for start in _TO_SWAY]
    return [_pair("switch", *pair) for pair in switches] + [_pair("move", *pair) for pair in _MOVES]


def switches(app: App, place: Place) -> Row:
    """Every change of compositors on one host."""
    row: Row = {}
    trial = Trial(app, place)
    for to in _FROM_SWAY:
        row[_pair("switch", "sway", to)] = _cell(trial, "sway", lambda to=to: _there(trial, to))  # type: ignore[misc]
    for start in _TO_SWAY:
        trial.end()
        row[_pair("switch", start, "sway")] = _cell(trial, start, lambda: _there(trial, _HOME))
    trial.end()
    return row


def moves(app: App, one: Place, other: Place) -> Row:
    """To and fro between two hosts."""
    row: Row = {}
    trial = Trial(app, one)
    for source, target in _MOVES:
        goal = other if trial.place is one else one
        row[_pair("move", source, target)] = _cell(
            trial,
            source,
            lambda: _move(trial, goal, target),  # noqa: B023  it is called at once
        )
    trial.end()
    return row


def _cell(trial: Trial, start: str, way: Callable[[], None]) -> str | None:
    try:
        if not trial.at:
            trial.begin(start)
        way()
        return None
    except LabError as error:
        trial.end()
        return str(error).strip().splitlines()[0]


def _there(trial: Trial, to: str) -> None:
    """There, back to the same picture, there again and at work, and home."""
    start = trial.at
    before = trial.window()
    trial.switch(to)
    if {start, to} == {"sway", _HOME}:
        trial.demand_picture(before)
    trial.switch(start)
    if start not in _CAPRICIOUS:
        trial.demand_picture(before)
    trial.switch(to)
    trial.demand_reaction()
    if to != _HOME:
        trial.switch(_HOME)


def _move(trial: Trial, goal: Place, to: str) -> None:
    before, start = trial.window(), trial.at
    trial.move(goal, to)
    if start == to:
        trial.demand_picture(before)
    trial.demand_reaction()
