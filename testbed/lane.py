# SPDX-License-Identifier: MIT
"""Work that goes on beside the caller's, in a process of its own.

A process and not a thread, because hosts die with the thread that started them, and unittest knows one of everything.
It dies with its caller, however that dies.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import signal
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from .errors import LabError

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1  # prctl(2)


class Lane(Generic[T]):
    """One piece of work under way. Prints where the caller prints."""

    def __init__(self, work: Callable[[], T]) -> None:
        context = multiprocessing.get_context("fork")
        self._answer, answer = context.Pipe(duplex=False)
        # What the caller has not written yet would be written by both.
        sys.stdout.flush()
        self._process = context.Process(target=_run, args=(work, answer))
        self._process.start()
        answer.close()

    def result(self) -> T:
        """Waits for the end. LabError if it ended without one."""
        try:
            said: T = self._answer.recv()
        except EOFError as error:
            raise LabError("work beside this one ended without a result; its own words are above") from error
        finally:
            self._process.join()
        return said


def _run(work: Callable[[], T], answer: Connection) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    answer.send(work())
