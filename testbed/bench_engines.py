# SPDX-License-Identifier: MIT
"""`./lab bench engines`: what a move costs under each engine, and beside Docker's and Podman's own checkpoint and restore.

For each engine, foot moves there and back; and a sleeping process is checkpointed and restored by Docker or Podman
alone, and moved by wayferry, taking turns. The engine alone sends nothing and shows nothing within the time that is
taken, so it is less than the same work; the ratio says what wayferry adds.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from typing import Any

from . import build, desktop, engines, places, runs, say, screen
from .host import Host
from .runs import Run
from .wait import wait_until

ENGINES = ["runc", "crun", "docker", "podman"]
ROUNDS = 5

_LIMIT = 30.0
_NAME = "bench"
_FOOT = ["foot", "-o", "cursor.blink=no"]
_SLEEP = ["sleep", "3600"]

_BARE_CONTAINER = ["--name", "bare", "--network", "none", engines.IMAGE, *_SLEEP]

_DOCKERS = "/var/lib/docker/containers"


def run(wanted: list[str]) -> int:
    """Measures these engines."""
    build.install()
    for engine in wanted:
        # crun starts nothing where both versions of control groups have controllers.
        here = runs.start(["alpha", "beta"], desktop.Desktop("sway"), only_cgroup_v2=engine == "crun")
        try:
            _engine(here, engine)
        finally:
            here.down()
    return 0


def _engine(here: Run, engine: str) -> None:
    base = ["--engine", engine, "--rootfs", places.INNER_DESKTOP]
    if engine in _BARE:
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
        bare.append(_BARE[engine](here))
        ours += [move["downtime_ms"] for move in _there_and_back(here, visible=False, rounds=1)]
    _row(f"{engine} alone: checkpoint and restore", bare)
    _row(f"{engine}, wayferry: downtime of a move", ours)
    print(f"  {'wayferry beside ' + engine + ' alone':<44}{statistics.median(ours) / statistics.median(bare):>10.2f}")


def _bare_podman(here: Run) -> float:
    alpha = here.host("alpha")
    alpha.must(["podman", "run", "--detach", *_BARE_CONTAINER])
    spent = _timed(alpha, ["podman", "container", "checkpoint", "bare"])
    spent += _timed(alpha, ["podman", "container", "restore", "bare"])
    alpha.must(["podman", "rm", "--force", "bare"])
    return spent


# It cannot do both on one host: its containerd refuses to take in the checkpoint that it has just written ("already
# exists"). So the images are copied to the other, between the two commands.
def _bare_docker(here: Run) -> float:
    alpha, beta = here.host("alpha"), here.host("beta")
    old = alpha.must(["docker", "run", "--detach", *_BARE_CONTAINER]).strip()
    new = beta.must(["docker", "create", *_BARE_CONTAINER]).strip()
    spent = _timed(alpha, ["docker", "checkpoint", "create", "bare", "one"])
    copy = f"tar -C {_DOCKERS}/{old} -c checkpoints | ssh beta tar -C {_DOCKERS}/{new} -x"
    alpha.must(["sh", "-c", copy])
    spent += _timed(beta, ["docker", "start", "--checkpoint", "one", "bare"])
    for host in (alpha, beta):
        host.must(["docker", "rm", "--force", "bare"])
    return spent


# Milliseconds for a sleeping process that the engine's own commands checkpoint and restore.
_BARE: dict[str, Callable[[Run], float]] = {"docker": _bare_docker, "podman": _bare_podman}


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
