# SPDX-License-Identifier: MIT
"""Processes that outlive the command which started them, told apart for certain.

A pid alone may belong to somebody else by now; a pid with its start time cannot. Everything the lab ends
later, or in another invocation, is recorded and checked in this form.
"""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from .wait import wait_until

# A killed process is gone in milliseconds unless it sits in the kernel, writing a core or unmounting.
DEATH_LIMIT = 15.0


@dataclass(frozen=True)
class Process:
    """One process of this machine."""

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has PID now; ProcessLookupError when there is none."""
        start = _start_time(pid)
        if start is None:
            raise ProcessLookupError(f"no process {pid}")
        return cls(pid, start)

    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return _start_time(self.pid) == self.start

    def signal_end(self) -> None:
        """Tells it to end and does not wait."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError):  # it ends between the look and the signal
                os.kill(self.pid, signal.SIGKILL)

    def kill(self) -> None:
        """Ends it and waits for its end."""
        self.signal_end()
        wait_until(lambda: not self.alive(), DEATH_LIMIT, f"the end of process {self.pid}")


def _start_time(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The command name in parentheses may hold anything, so count from its end: state is field 3.
    fields = stat[stat.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else int(fields[19])


def only_child(pid: int) -> int | None:
    """The pid of PID's first child, None when it has none (yet)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(children[0]) if children else None
