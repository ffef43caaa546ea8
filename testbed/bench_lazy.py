# SPDX-License-Identifier: MIT
"""`./lab bench lazy`: the same process moved over the same cable, by wayferry and by what else there is.

What is compared is moved in turn in one run, `--repeat` times; the table shows medians. Every figure but the total
comes from the process itself: it touches a page every millisecond, of its working set or any at all, and knows for
how long it stood still from one host to the other, for how long at most later, which of its touches waited for a page,
and for how long. The worst gap stands beside the median, and for how long the machine itself stood still in it
(standstill.py).
"""

from __future__ import annotations

import json
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import build, cable, desktop, runs, say
from .bench_ways import CIPHERS, PROGRAM, WAYS, Way, large_pipes, time_on
from .standstill import Watch
from .wait import wait_until

if TYPE_CHECKING:
    from .host import Host
    from .runs import Run

SIZES = [64, 256, 1024, 4096]
CABLES = ["none", "1gbit"]
CONTENTS = ["random", "text"]
TOUCHES = ["set", "all"]

# Faults are counted for so long after the standstill.
_WATCH = 5.0

# Takes so many MB of memory, touches them, and when told to gives back as much as others take, and some at once: looking
# takes 0.1 ms of a processor, and between two looks much is taken. 23 is MADV_POPULATE_WRITE.
_RESERVE = """
import mmap, sys, time
size, margin, given = int(sys.argv[1]) << 20, int(sys.argv[2]) << 20, 0
def free():
    with open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemFree"))
with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
    memory.madvise(23)
    print("touched", flush=True)
    sys.stdin.readline()
    level = free() + margin
    while given < size:
        piece = min(level - free(), size - given)
        if piece > 0: memory.madvise(mmap.MADV_DONTNEED, given, piece)
        if not given: print("given", flush=True)
        given += max(piece, 0)
        time.sleep(0.02)
    time.sleep(3600)
"""

_SSH = ["ssh", "-o", "Compression=no", "-o", CIPHERS, "beta"]

# What ssh alone needs for as many bytes: the floor for whoever opens no port. Its ends do as little as they can, and
# what it reads is a socket, which takes less time than a pipe.
_SSH_READER = """
import fcntl, os
fcntl.fcntl(0, fcntl.F_SETPIPE_SZ, 1 << 20)
space = [bytearray(1 << 18)]
while os.readv(0, space): pass
"""
_SSH_ALONE = f"""
import socket, subprocess, sys
ours, its = socket.socketpair()
ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
ssh = subprocess.Popen([*{_SSH}, sys.argv[2]], stdin=its)
its.close()
for i in range(int(sys.argv[1]) << 2): ours.sendall(bytes(1 << 18))
ours.close()
sys.exit(ssh.wait())
"""

# And what a page that is asked for takes at least: a question of 32 bytes and an answer of a page through ssh, one a
# millisecond, while nothing else is under way.
_SSH_ANSWERS = """
import os
while os.read(0, 64): os.write(1, bytes(4096))
"""
_SSH_QUESTIONS = f"""
import json, subprocess, sys, time
ssh = subprocess.Popen([*{_SSH}, sys.argv[1]], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
def ask():
    before = time.monotonic()
    ssh.stdin.write(bytes(32))
    left = 4096
    while left: left -= len(ssh.stdout.read(left))
    return time.monotonic() - before
ask()  # it is logged in then
waits = []
for i in range(500):
    time.sleep(0.001)
    waits.append(ask())
print(json.dumps(waits))
ssh.stdin.close()
ssh.wait()
"""

# An eager move has its memory in images on both hosts, and in the app.
_TIMES_TOUCHED = 3
# MB, for all programs that a move starts, and for what is taken before one can look.
_MARGIN = 256
# MB that are taken, or the move over, before a hypervisor misses them: then nobody need look and give back, which is
# work (7 ms for 100 MB), while the clock runs.
_SOON_TAKEN = 1024

# Writing 4 GB of memory, or moving it eagerly over 1 Gbit/s with other work on the machine.
_LIMIT = 600.0


@dataclass(frozen=True)
class Case:
    """What is moved, over what."""

    cable: str
    touches: str
    content: str
    megabytes: int


@dataclass(frozen=True)
class Result:
    """One move of one way."""

    gap_ms: float
    away_ms: float
    later_ms: float
    total_s: float
    wire_mb: float
    faults: int
    waits: list[float]  # seconds


# How a table's lines are made, and its head.
_COLUMNS = [
    ("gap ms", 9),
    ("worst", 8),
    ("away", 7),
    ("later ms", 10),
    ("total s", 9),
    ("wire MB", 9),
    ("faults", 8),
    ("waits", 7),
    ("p50 us", 9),
    ("p99 us", 9),
]


def run(cases: list[Case], ways: list[str], rounds: int) -> int:
    """Prints a table for each case."""
    build.install()
    here = runs.start(["alpha", "beta"], desktop.Desktop("sway"))
    try:
        with large_pipes():
            chosen = [way(here.host("alpha"), here.host("beta")) for name, way in WAYS.items() if name in ways]
            _run_on(here, chosen, cases, rounds)
    finally:
        here.down()
    return 0


def _run_on(here: Run, ways: list[Way], cases: list[Case], rounds: int) -> None:
    for way in ways:
        way.set_up()
    for case in cases:
        cable.rate(list(here.hosts.values()), case.cable)
        _case(here, ways, case, rounds)


def _case(here: Run, ways: list[Way], case: Case, rounds: int) -> None:
    text = f"{case.megabytes} MB of {case.content} content, {'free cable' if case.cable == 'none' else case.cable}"
    if case.touches == "all":
        text += ", any page touched"
    ssh: list[float] = []
    answers: list[float] = []
    results: dict[str, list[Result]] = {way.name: [] for way in ways}
    for i in range(rounds):
        say.step(f"{text}, {i + 1} of {rounds}")
        ssh.append(_time_ssh(here, case.megabytes))
        answers += _time_answers(here)
        for way in ways:
            results[way.name].append(_measure(here, way, case))
    print(f"\n{text}" + (f", medians of {rounds}" if rounds > 1 else ""))
    _line("", [name for name, _ in _COLUMNS])
    _line("ssh alone", ["", "", "", "", f"{statistics.median(ssh):.2f}", "", "", "", *_percentiles(answers)])
    for name, of_way in results.items():
        _line(name, _figures(of_way))
    sys.stdout.flush()


def _line(name: str, figures: list[str]) -> None:
    cells = "".join(f"{figure:>{width}}" for figure, (_, width) in zip(figures, _COLUMNS, strict=True))
    print(f"  {name:<12}{cells}".rstrip())


def _figures(results: list[Result]) -> list[str]:
    """Of all moves of one way."""
    worst = max(results, key=lambda result: result.gap_ms)
    return [
        f"{statistics.median(r.gap_ms for r in results):.0f}",
        f"{worst.gap_ms:.0f}",
        f"{worst.away_ms:.0f}",
        f"{statistics.median(r.later_ms for r in results):.0f}",
        f"{statistics.median(r.total_s for r in results):.2f}",
        f"{statistics.median(r.wire_mb for r in results):.0f}",
        f"{statistics.median(r.faults for r in results):g}",
        f"{statistics.median(len(r.waits) for r in results):g}",
        *_percentiles([wait for result in results for wait in result.waits]),
    ]


def _percentiles(waits: list[float]) -> list[str]:
    """The median, and what one in a hundred exceeds; of times in seconds, in us."""
    waits = sorted(waits)
    return [f"{waits[int(part * (len(waits) - 1))] * 1e6:.0f}" if waits else "-" for part in (0.5, 0.99)]


def _time_ssh(here: Run, megabytes: int) -> float:
    reader = shlex.join(["python3", "-c", _SSH_READER])
    return time_on(here.host("alpha"), ["python3", "-c", _SSH_ALONE, str(megabytes), reader])


def _time_answers(here: Run) -> list[float]:
    answers = shlex.join(["python3", "-c", _SSH_ANSWERS])
    times: list[float] = json.loads(here.host("alpha").must(["python3", "-c", _SSH_QUESTIONS, answers], limit=_LIMIT))
    return times


def _measure(here: Run, way: Way, case: Case) -> Result:
    with _Reserve(case.megabytes * _TIMES_TOUCHED, besides=case.megabytes) as reserve:
        way.start(["python3", "-c", PROGRAM, str(case.megabytes), case.content, case.touches])
        try:
            wait_until(lambda: _state(way), _LIMIT, f"the process of {way.name}")
            reserve.give_back()
            return _measure_started(here, way, reserve)
        finally:
            way.stop()


def _measure_started(here: Run, way: Way, reserve: _Reserve) -> Result:
    before = _bytes(here.host("alpha"))
    with Watch() as watch:
        total = way.move()
        wire = _bytes(here.host("alpha")) - before
        wait_until(lambda: (_state(way) or {}).get("since_gap", 0) > 0, _LIMIT, f"{way.name} to run on beta")
        state = _state(way)
        assert state is not None
        away = watch.away(state["ended"] - state["gap"], state["ended"])
    reserve.end()
    wait_until(lambda: (_state(way) or {}).get("since_gap", 0) > _WATCH, _LIMIT, f"{way.name} to be watched")
    state = _state(way)
    assert state is not None
    return Result(
        gap_ms=state["gap"] * 1e3,
        away_ms=away * 1e3,
        later_ms=state["later"] * 1e3,
        total_s=total,
        wire_mb=wire / 1e6,
        faults=state["faults"],
        waits=state["waits"],
    )


class _Reserve:
    """Makes sure that what is taken while something is measured, up to so many MB, is there, besides so many for itself.

    A hypervisor may give a virtual machine memory when it is first touched only, and take it back when it is
    free for two seconds. One page at a time that costs up to 12 us, more than all else that is done for a page here;
    a target of its own would have its memory. It also takes some of what has not been used for a while when others
    want much, and then the first look at a page costs 50 us: so this comes before what is measured has its memory.
    """

    def __init__(self, megabytes: int, besides: int) -> None:
        available = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) >> 10
        amount = min(megabytes + _MARGIN, max(available - besides, 0) * 2 // 3)
        margin = amount if amount <= _SOON_TAKEN else _MARGIN
        command = [sys.executable, "-c", _RESERVE, str(amount), str(margin)]
        self._holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._await_word()

    def give_back(self) -> None:
        """From now on, as much as others take."""
        assert self._holder.stdin is not None
        self._holder.stdin.write("\n")
        self._holder.stdin.flush()
        self._await_word()

    def end(self) -> None:
        """Gives back all there is."""
        self._holder.kill()
        self._holder.communicate()

    def _await_word(self) -> None:
        assert self._holder.stdout is not None
        self._holder.stdout.readline()

    def __enter__(self) -> _Reserve:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def _state(way: Way) -> dict[str, Any] | None:
    text = way.state()
    if not text:
        return None
    state: dict[str, Any] = json.loads(text)
    return state


def _bytes(host: Host) -> int:
    """What has gone over the cable, both ways."""
    (link,) = json.loads(host.must(["ip", "-json", "-statistics", "link", "show", "dev", "beta"]))
    return int(link["stats64"]["tx"]["bytes"]) + int(link["stats64"]["rx"]["bytes"])
