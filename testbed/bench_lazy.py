# SPDX-License-Identifier: MIT
"""`./lab bench lazy`: the same process moved over the same cable, by wayferry and by what else there is.

What is compared is moved in turn in one run. Every figure of the table but the total comes from the process
itself: it touches a page of its working set every millisecond, and knows for how long it stood still from one host
to the other, for how long at most later, which of its touches waited for a page, and for how long.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import build, cable, desktop, runs, say
from .bench_ways import CIPHERS, PROGRAM, WAYS, Way, large_pipes
from .wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .host import Host
    from .runs import Run

SIZES = [64, 256, 1024, 4096]
CABLES = ["none", "1gbit"]
CONTENTS = ["random", "text"]

# Faults are counted for so long after the standstill.
_WATCH = 5.0

# Takes so many MB of memory, touches them, and gives back as much as others take. 23 is MADV_POPULATE_WRITE.
_RESERVE = """
import mmap, sys, time
size, piece = int(sys.argv[1]) << 20, 16 << 20
def free():
    with open("/proc/meminfo") as lines: return next(int(line.split()[1]) for line in lines if line.startswith("MemFree"))
with mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
    memory.madvise(23)
    level = free()
    print("touched", flush=True)
    for at in range(0, size, piece):
        while free() >= level: time.sleep(0.005)
        memory.madvise(mmap.MADV_DONTNEED, at, piece)
    time.sleep(3600)
"""

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
ssh = subprocess.Popen(["ssh", "-o", "Compression=no", "-o", "{CIPHERS}", "beta", sys.argv[2]], stdin=its)
its.close()
for i in range(int(sys.argv[1]) << 2): ours.sendall(bytes(1 << 18))
ours.close()
sys.exit(ssh.wait())
"""

# An eager move has its memory in images on both hosts, and in the app.
_TIMES_TOUCHED = 3

# Writing 4 GB of memory, or moving it eagerly over 1 Gbit/s with other work on the machine.
_LIMIT = 600.0


@dataclass(frozen=True)
class Case:
    """What is moved, over what."""

    megabytes: int
    content: str
    cable: str


@dataclass(frozen=True)
class Result:
    """One move of one way."""

    way: str
    gap_ms: float
    later_ms: float
    total_s: float
    wire_mb: float
    faults: int
    waits: int
    p50_us: float
    p99_us: float


def run(sizes: list[int], cables: list[str], contents: list[str], ways: list[str]) -> int:
    """Measures all combinations and prints a table for each case."""
    build.install()
    here = runs.start(["alpha", "beta"], desktop.Desktop("sway"))
    try:
        with large_pipes():
            _run_on(here, sizes, cables, contents, ways)
    finally:
        here.down()
    return 0


def _run_on(here: Run, sizes: list[int], cables: list[str], contents: list[str], ways: list[str]) -> None:
    chosen = [way(here.host("alpha"), here.host("beta")) for name, way in WAYS.items() if name in ways]
    for way in chosen:
        way.set_up()
    for limit in cables:
        cable.rate(list(here.hosts.values()), limit)
        for content in contents:
            for megabytes in sizes:
                _case(here, chosen, Case(megabytes, content, limit))


def _case(here: Run, ways: list[Way], case: Case) -> None:
    cable_text = "free cable" if case.cable == "none" else case.cable
    say.step(f"{case.megabytes} MB, {case.content}, {cable_text}")
    print(f"\n{case.megabytes} MB of {case.content} content, {cable_text}")
    print(f"  {'':<12}{'gap ms':>9}{'later ms':>10}{'total s':>9}{'wire MB':>9}{'faults':>8}{'waits':>7}{'p50 us':>9}{'p99 us':>9}", flush=True)
    total = _time_ssh(here, case.megabytes)
    print(f"  {'ssh alone':<12}{'':>19}{total:>9.2f}", flush=True)
    for way in ways:
        r = _measure(here, way, case)
        times = f"{r.gap_ms:>9.0f}{r.later_ms:>10.0f}{r.total_s:>9.2f}{r.wire_mb:>9.0f}"
        print(f"  {r.way:<12}{times}{r.faults:>8}{r.waits:>7}{r.p50_us:>9.0f}{r.p99_us:>9.0f}", flush=True)


def _time_ssh(here: Run, megabytes: int) -> float:
    start = time.monotonic()
    reader = shlex.join(["python3", "-c", _SSH_READER])
    here.host("alpha").must(["python3", "-c", _SSH_ALONE, str(megabytes), reader], limit=_LIMIT)
    return time.monotonic() - start


def _measure(here: Run, way: Way, case: Case) -> Result:
    way.start(["python3", "-c", PROGRAM, str(case.megabytes), case.content])
    try:
        wait_until(lambda: _state(way), _LIMIT, f"the process of {way.name}")
        before = _bytes(here.host("alpha"))
        with _reserve(case.megabytes * _TIMES_TOUCHED):
            start = time.monotonic()
            way.move()
            total = time.monotonic() - start
        wire = _bytes(here.host("alpha")) - before
        wait_until(lambda: (_state(way) or {}).get("since_gap", 0) > _WATCH, _LIMIT, f"{way.name} to run on beta")
        state = _state(way)
        assert state is not None
    finally:
        way.stop()
    return Result(
        way=way.name,
        gap_ms=state["gap"] * 1e3,
        later_ms=state["later"] * 1e3,
        total_s=total,
        wire_mb=wire / 1e6,
        faults=state["faults"],
        waits=state["waits"],
        p50_us=state["p50"] * 1e6,
        p99_us=state["p99"] * 1e6,
    )


@contextmanager
def _reserve(megabytes: int) -> Iterator[None]:
    """Makes sure that what is taken meanwhile, up to so much, is there.

    A hypervisor may give a virtual machine memory when it is first touched only, and take it back when it is
    free for two seconds. One page at a time that costs up to 12 us, more than all else that is done for a page here;
    a target of its own would have its memory.
    """
    available = int(Path("/proc/meminfo").read_text().split("MemAvailable:")[1].split()[0]) >> 10
    amount = min(megabytes, available * 2 // 3)
    command = [sys.executable, "-c", _RESERVE, str(amount)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as reserve:
        assert reserve.stdout is not None
        reserve.stdout.readline()
        try:
            yield
        finally:
            reserve.kill()


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
