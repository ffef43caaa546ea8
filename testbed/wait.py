# SPDX-License-Identifier: MIT
"""Waiting for something to become true, with a limit and a name.

The lab has no fixed sleeps: every wait says what it waits for, so that a failure names it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import LabError

T = TypeVar("T")

# Short beside anything waited for (a socket, a frame), long beside the cost of looking.
INTERVAL = 0.01


def wait_until(look: Callable[[], T], limit: float, what: str) -> T:
    """Calls LOOK until its answer is true and returns that; LabError naming WHAT after LIMIT seconds."""
    end = time.monotonic() + limit
    while not (answer := look()):
        if time.monotonic() > end:
            raise LabError(f"waited {limit:g} s in vain for {what}")
        time.sleep(INTERVAL)
    return answer
