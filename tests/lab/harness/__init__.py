# SPDX-License-Identifier: MIT
"""What the lab's tests are written with.

A test class derives from LabTest, which gives it `self.alpha` and `self.beta`, fresh for the class, and
demands after each test that both are as clean as before it. Everything a test waits for goes through
`wait_until` or the waits of LabHost, so that a failure says what did not come.
"""

from __future__ import annotations

from testbed.errors import LabError
from testbed.picture import Box, Colour, Picture
from testbed.wait import wait_until

from . import faults
from .case import LabTest
from .census import Census, growth, leaks
from .labhost import Lab, LabHost
from .second import SECOND_DISPLAY, second_screen
from .terminal import Terminal
from .ways import Move, Stay, Switch

__all__ = [
    "SECOND_DISPLAY",
    "Box",
    "Census",
    "Colour",
    "Lab",
    "LabError",
    "LabHost",
    "LabTest",
    "Move",
    "Picture",
    "Stay",
    "Switch",
    "Terminal",
    "faults",
    "growth",
    "leaks",
    "second_screen",
    "wait_until",
]
