# SPDX-License-Identifier: MIT
"""Locks by flock: held by a process, let go by its death, however it dies.

That last property is why no lock here is a file that merely exists: a killed run must not block the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def take(path: Path, *, wait: bool) -> int | None:
    """Opens and locks PATH; the descriptor is the lock. None when somebody has it and WAIT is false."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Holds the lock PATH for a block, waiting for it as long as it takes."""
    fd = take(path, wait=True)
    assert fd is not None
    try:
        yield
    finally:
        os.close(fd)
