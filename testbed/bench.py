# SPDX-License-Identifier: MIT
"""`./lab bench`: wayferry's figures, measured on this machine in one run and printed as plain tables.

Promises nothing about speed and asserts nothing: a figure is a fact about a machine and a moment. What is
compared is measured in the same run, taking turns, because only a ratio says something on a machine that has
other work. docs/figures.md has the figures as they were on one day.
"""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import dataclass
from typing import Any

from . import build, desktop, places, runs, say, screen, stages
from .host import Host
from .runs import Run
from .wait import wait_until

ROUNDS = 10

# Starting a container and drawing takes tenths of a second; this is for machines that have other work.
_LIMIT = 30.0

_NAME = "bench"
_FOOT = ["foot", "-o", "cursor.blink=no"]
_MEMORY_KEYS = ("VmRSS", "RssAnon", "Pss")

# As they follow each other; JSON does not keep the order. What is not named here comes last.
_PHASES = "look connect check files pre-warm early barrier pause seal checkpoint send restore adopt commit release".split()


@dataclass(frozen=True)
class Move:
    """What one move reported."""

    downtime: float
    phases: dict[str, float]
    sent: dict[str, int]


def run(what: str) -> int:
    """Measures the relay, moves, switches, or everything (what = "all")."""
    build.install()
    here = runs.start(["alpha", "beta"], desktop.Desktop("sway"))
    try:
        _machine()
        _start_foot(here)
        if what in ("relay", "all"):
            _relay(here)
        if what in ("move", "all"):
            _moves(here)
        if what in ("switch", "all"):
            _switches(here)
    finally:
        here.down()
    return 0


def _machine() -> None:
    print(f"machine: {os.cpu_count()} processors, Linux {os.uname().release}, load {os.getloadavg()[0]:.1f}")


def _start_foot(here: Run) -> None:
    alpha = here.host("alpha")
    empty = screen.picture(alpha, here.desktop)
    command = ["wayferry", "run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--", *_FOOT]
    alpha.must(command, here.desktop.session)
    wait_until(lambda: screen.picture(alpha, here.desktop) != empty, _LIMIT, "foot's window")


# Relay


def _relay(here: Run) -> None:
    alpha = here.host("alpha")
    direct = f"{desktop.RUNTIME}/{desktop.DISPLAY}"
    through = f"/run/wayferry/{_NAME}/display/wayland-0"
    say.step("round trips, directly and through the monitor")
    trips = alpha.must(["wayferry-bench-roundtrip", direct, through])
    _section("sync round trip, directly and through the monitor", trips)
    say.step("processor time of the relay")
    options = ["--benchmark_counters_tabular=true", "--benchmark_color=false"]
    _section("the relay's processor time", alpha.must(["wayferry-bench-relay", *options], limit=300))
    _section("the monitor's memory for foot, KiB", _table(_memory(alpha)))


def _memory(host: Host) -> list[list[str]]:
    session = _session(host)
    files = (f"/proc/{session['monitor_pid']}/{name}" for name in ("status", "smaps_rollup"))
    rows = {}
    for line in host.must(["cat", *files]).splitlines():
        key, _, value = line.partition(":")
        if key in _MEMORY_KEYS:
            rows[key] = value.split()[0]
    return [[key, rows[key]] for key in _MEMORY_KEYS]


def _session(host: Host) -> dict[str, Any]:
    sessions = json.loads(host.must(["wayferry", "ps", "--json"]))
    found: dict[str, Any] = next(s for s in sessions if s["container"]["name"] == _NAME)
    return found


# Moves


def _moves(here: Run) -> None:
    say.step(f"{ROUNDS} moves there and back")
    moves = []
    for _ in range(ROUNDS):
        moves.append(_move(here, "alpha", "beta"))
        moves.append(_move(here, "beta", "alpha"))
    _section(f"{len(moves)} moves of foot: milliseconds", _table(_times(moves)))
    sizes = {kind: statistics.median(move.sent[kind] for move in moves) for kind in moves[0].sent}
    _section("bytes of a move, median", _table([[kind, f"{size:.0f}"] for kind, size in sizes.items()]))


def _move(here: Run, source: str, target: str) -> Move:
    there = here.host(target)
    empty = screen.picture(there, here.desktop)
    said = here.host(source).must(["wayferry", "move", _NAME, target, "--json"], here.desktop.session, limit=120)
    # Until it is on the screen the target has work left, and the next move would be measured with it.
    wait_until(lambda: screen.picture(there, here.desktop) != empty, _LIMIT, f"the window on {target}")
    report = json.loads(said)
    return Move(report["downtime_ms"], report["phases_ms"], report["bytes"])


def _times(moves: list[Move]) -> list[list[str]]:
    rows = [["", "median", "min", "max"], _row("downtime", [move.downtime for move in moves])]
    phases = sorted(moves[0].phases, key=lambda name: _PHASES.index(name) if name in _PHASES else len(_PHASES))
    return rows + [_row(phase, [move.phases[phase] for move in moves]) for phase in phases]


def _row(name: str, values: list[float]) -> list[str]:
    return [name, *(f"{value:.1f}" for value in (statistics.median(values), min(values), max(values)))]


# Switches


def _switches(here: Run) -> None:
    alpha = here.host("alpha")
    other = stages.add(alpha, here.desktop, "sway", "second")
    stages.show(alpha, here.desktop, None)
    say.step(f"{ROUNDS} switches of gtk4-widget-factory there and back")
    before = screen.picture(alpha, here.desktop)
    command = ["wayferry", "run", "--name", "factory", "--rootfs", places.INNER_DESKTOP, "--", "gtk4-widget-factory"]
    alpha.must(command, here.desktop.session)
    wait_until(lambda: screen.picture(alpha, here.desktop) != before, _LIMIT, "the factory's window")
    times = []
    for _ in range(ROUNDS):
        for display in (other.display, here.desktop.socket):
            said = alpha.must(["wayferry", "switch", "factory", "--display", display, "--json"], here.desktop.session)
            times.append(json.loads(said)["attach_ms"])
    rows = [["", "median", "min", "max"], _row("attach", times)]
    _section(f"{len(times)} switches of gtk4-widget-factory, from connecting to rebuilt: milliseconds", _table(rows))


# Printing


def _section(title: str, text: str) -> None:
    print(f"\n{title}\n{text.rstrip()}", flush=True)


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"  {row[0]:<14}" + "".join(f"{cell:>12}" for cell in row[1:]) for row in rows)
