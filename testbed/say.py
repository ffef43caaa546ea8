# SPDX-License-Identifier: MIT
"""What the lab tells the person in front of it: one line a step, on standard error, with the time since
the start. Standard output is left to results."""

from __future__ import annotations

import sys
import time

_START = time.monotonic()


def step(text: str) -> None:
    """Announces a step that takes long enough to be wondered about."""
    print(f"lab {time.monotonic() - _START:6.1f}s  {text}", file=sys.stderr, flush=True)
