# SPDX-License-Identifier: MIT
"""The one kind of error that the lab reports as a sentence instead of a stack trace.

Anything else that escapes is a bug of the lab itself and keeps its trace.
"""

from __future__ import annotations


class LabError(Exception):
    """Something outside the lab's code refused: the text names what, where, and what to do."""
