# SPDX-License-Identifier: MIT
"""foot with bash under wayferry, as the passenger of tests about moves: it can be asked whether it lives."""

from __future__ import annotations

from functools import partial

from testbed.wait import wait_until

from .case import LabTest
from .labhost import LIMIT, LabHost


class Terminal:
    """One terminal session, called `term`, started on alpha unless another host is named."""

    name = "term"

    def __init__(self, test: LabTest, host: LabHost | None = None) -> None:
        self._hosts = test.lab.hosts.values()
        self._home = host or test.alpha
        test.stop_later(self.name)
        self._home.run_app(self.name, "foot", "-o", "cursor.blink=no")
        self._shell = self._home.ask_shell("echo $$; mark=$RANDOM$RANDOM")
        self._mark = self._home.ask_shell("echo $mark")

    def demand_living(self, here: LabHost) -> None:
        """It lives on this host and on no other."""
        for other in self._hosts:
            if other is not here:
                wait_until(partial(self._nothing_on, other), LIMIT, f"nothing of the terminal on {other.name}")
        self._demand_running(here)

    def demand_running(self) -> None:
        """It lives where it was started, whatever there is elsewhere."""
        self._demand_running(self._home)

    def move(self, here: LabHost, there: LabHost) -> None:
        """Moves it with success demanded and waits until it stands on the other screen."""
        empty = there.shot()
        here.wayferry("move", self.name, there.name)
        there.wait_for_change(empty)

    def _nothing_on(self, host: LabHost) -> bool:
        return host.session_state(self.name) is None and not host.pids("foot")

    def _demand_running(self, here: LabHost) -> None:
        wait_until(lambda: here.session_state(self.name) == "running", LIMIT, f"the terminal to run on {here.name}")
        asked = here.ask_shell("echo $$ $mark")
        if asked != f"{self._shell} {self._mark}":
            raise AssertionError(f"another shell answers: {asked}, not {self._shell} {self._mark}")
        here.type_and_see("echo typing goes on; clear; echo $RANDOM$RANDOM\n")
