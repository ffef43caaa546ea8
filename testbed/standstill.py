# SPDX-License-Identifier: MIT
"""Whether the machine itself stood still, so that a figure is not taken for what it is not.

A hypervisor may take a virtual machine's processors away for tens of milliseconds. One process a processor, which
goes before everything else there (SCHED_FIFO in sched(7)), wakes every five milliseconds and notes when it came late:
then nobody else was on that processor either, but for the kernel in something that it does not interrupt.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from typing import IO, TYPE_CHECKING, Self

from .wait import wait_until

if TYPE_CHECKING:
    from types import TracebackType

# Writes the end of each time that it was late, in seconds of the real-time clock, and for how long.
_WATCHER = """
import os, sys, time
os.sched_setaffinity(0, [int(sys.argv[1])])
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(os.sched_get_priority_max(os.SCHED_FIFO)))
pause, late = 0.005, 0.003
now = lambda: time.clock_gettime(time.CLOCK_REALTIME)
last = now()
print("watching", flush=True)
while True:
    time.sleep(pause)
    before, last = last, now()
    if last - before > pause + late: print(last, last - before - pause, flush=True)
"""


# Python on a busy machine.
_START = 30.0


class Watch:
    """While it is entered, all processors are watched."""

    def __init__(self) -> None:
        self._watchers: list[tuple[subprocess.Popen[bytes], IO[str]]] = []

    def __enter__(self) -> Self:
        for processor in sorted(os.sched_getaffinity(0)):
            notes = tempfile.TemporaryFile("w+")  # noqa: SIM115: closed at the end of the watch
            command = [sys.executable, "-c", _WATCHER, str(processor)]
            self._watchers.append((subprocess.Popen(command, stdout=notes), notes))
        try:
            # Their start takes processor time, which whatever they are to watch must not lack.
            wait_until(self._all_watch, _START, "the processors to be watched")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._end()

    def _all_watch(self) -> bool:
        return all(os.fstat(notes.fileno()).st_size for _, notes in self._watchers)

    def _end(self) -> None:
        for watcher, notes in self._watchers:
            watcher.kill()
            watcher.wait()
            notes.close()

    def away(self, start: float, end: float) -> float:
        """For how many seconds between these two times of the real-time clock a processor was away: the worst one."""
        return max(_away(notes, start, end) for _, notes in self._watchers)


def _away(notes: IO[str], start: float, end: float) -> float:
    notes.seek(0)
    lines = notes.read().splitlines()
    assert lines, "the processor has not been watched"
    late = [tuple(map(float, line.split())) for line in lines[1:]]
    return sum(max(0.0, min(until, end) - max(until - long, start)) for until, long in late)
