# SPDX-License-Identifier: MIT
"""`./lab bench engines`: what a move costs under each engine, and beside Podman's own checkpoint and restore.

For each engine, foot moves there and back; and under Podman a sleeping process is checkpointed and restored by the engine alone
on one host, and moved by wayferry between two, taking turns. The engine alone sends nothing and shows nothing, so it
is less than the same work; the ratio says what wayferry adds.
"""

from __future__ import annotations

import json
import statistics
import time
from typing import Any

from . import build, desktop, engines, places, runs, say, screen
from .host import Host
from .runs import Run
from .wait import wait_until

ROUNDS = 5

_LIMIT = 30.0
_NAME = "bench"
_FOOT = ["foot", "-o", "cursor.blink=no"]
_SLEEP = ["sleep", "3600"]

# The engine's own words for a container that is checkpointed where it is, and goes on. Docker cannot do that on
# one host: its containerd refuses to take in the checkpoint that it has just written ("already exists").
_BARE = {
    "podman": (["podman", "container", "checkpoint", "bare"], ["podman", "container", "restore", "bare"]),
}


def run() -> int:
    """Measures all engines."""
    build.install()
    for engine in ("runc", "docker", "podman"):
        here = runs.start(["alpha", "beta"], desktop.Desktop("sway"))
        try:
            _engine(here, engine)
        finally:
            here.down()
    return 0


def _engine(here: Run, engine: str) -> None:
    base = ["--rootfs", places.INNER_DESKTOP]
    if engine != "runc":
        say.step(f"{engine}: image")
        for host in here.hosts.values():
            engines.start(host, engine)
        engines.import_image(here.host("alpha"), engine)
        base = ["--engine", engine, "--image", engines.IMAGE]
    say.step(f"{engine}: foot")
    _wait_for_window(here, "alpha", [*base, "--", *_FOOT])
    moves = _there_and_back(here, visible=True)
    here.host("alpha").must(["wayferry", "stop", _NAME])
    _row(f"{engine}, foot: downtime", [move["downtime_ms"] for move in moves])
    for phase in ("checkpoint", "restore"):
        _row(f"{engine}, foot: {phase}", [move["phases_ms"][phase] for move in moves])
    if engine in _BARE:
        _beside_bare(here, engine, base)


def _beside_bare(here: Run, engine: str, base: list[str]) -> None:
    say.step(f"{engine}: beside its own checkpoint and restore")
    alpha = here.host("alpha")
    alpha.must(["wayferry", "run", "--name", _NAME, *base, "--", *_SLEEP], here.desktop.session)
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS):
        alpha.must([engine, "run", "--detach", "--name", "bare", "--network", "none", engines.IMAGE, *_SLEEP])
        bare.append(sum(_timed(alpha, command) for command in _BARE[engine]))
        alpha.must([engine, "rm", "--force", "bare"])
        ours += [move["downtime_ms"] for move in _there_and_back(here, visible=False, rounds=1)]
    _row(f"{engine} alone: checkpoint and restore", bare)
    _row(f"{engine}, wayferry: downtime of a move", ours)
    print(f"  {'wayferry beside ' + engine + ' alone':<44}{statistics.median(ours) / statistics.median(bare):>10.2f}")


def _timed(host: Host, command: list[str]) -> float:
    start = time.monotonic()
    host.must(command)
    return (time.monotonic() - start) * 1000


def _wait_for_window(here: Run, name: str, options: list[str]) -> None:
    host = here.host(name)
    empty = screen.picture(host, here.desktop)
    host.must(["wayferry", "run", "--name", _NAME, *options], here.desktop.session)
    wait_until(lambda: screen.picture(host, here.desktop) != empty, _LIMIT, "a window")


def _there_and_back(here: Run, *, visible: bool, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    return [
        _move(here, source, target, visible)
        for _ in range(rounds)
        for source, target in (("alpha", "beta"), ("beta", "alpha"))
    ]


def _move(here: Run, source: str, target: str, visible: bool) -> dict[str, Any]:
    there = here.host(target)
    empty = screen.picture(there, here.desktop) if visible else None
    command = ["wayferry", "move", _NAME, target, "--mode", "eager", "--json"]
    said = here.host(source).must(command, here.desktop.session, limit=120)
    if visible:
        wait_until(lambda: screen.picture(there, here.desktop) != empty, _LIMIT, f"the window on {target}")
    report: dict[str, Any] = json.loads(said)
    return report


def _row(name: str, values: list[float]) -> None:
    cells = "".join(f"{value:>10.1f}" for value in (statistics.median(values), min(values), max(values)))
    print(f"  {name:<44}{cells}  ms", flush=True)
