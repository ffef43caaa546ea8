# SPDX-License-Identifier: MIT
"""The base of all lab tests: hosts for a class, cleanliness after each test, evidence after a failure."""

from __future__ import annotations

import unittest
from pathlib import Path
from typing import ClassVar

from testbed import places
from testbed.errors import LabError
from testbed.wait import wait_until

from .census import Census, leaks
from .labhost import Lab, LabHost

# Processes that were told to end, and groups and mounts that go with them, need a moment.
_CLEAN_LIMIT = 10.0


class LabTest(unittest.TestCase):
    """Two hosts; what a test starts it has to end, and the census after it checks that it did. A test that
    failed is believed to have left anything, so the next one gets new hosts."""

    HOSTS: ClassVar[list[str]] = ["alpha", "beta"]
    COMPOSITOR: ClassVar[str] = "sway"
    ONLY_CGROUP_V2: ClassVar[bool] = False

    lab: ClassVar[Lab]
    _spoilt: ClassVar[bool] = False

    @classmethod
    def setUpClass(cls) -> None:
        cls.lab = Lab.up(cls.HOSTS, cls.COMPOSITOR, only_cgroup_v2=cls.ONLY_CGROUP_V2)
        cls._spoilt = False

    @classmethod
    def tearDownClass(cls) -> None:
        cls.lab.down()

    def setUp(self) -> None:
        if self._spoilt:
            self.tearDownClass()
            self.setUpClass()
        self.alpha = self.lab.hosts["alpha"]
        self.beta = self.lab.hosts.get("beta", self.alpha)
        for host in self.lab.hosts.values():
            # Cleanups run last in, first out: this one comes after all that the test adds.
            self.addCleanup(self._demand_clean, host, host.census())

    def keep_evidence(self) -> Path:
        """Called when the test has failed, hosts still up; where it put everything."""
        type(self)._spoilt = True
        folder = places.OUT_DIR / "failed" / self.id()
        self.lab.keep_evidence(folder)
        return folder

    def end_app(self, host: LabHost, name: str) -> None:
        """Ends every process of that name."""
        host.run("pkill", "-x", name)

    def stop_later(self, name: str) -> None:
        """Sees to it that the session is stopped after the test, on whichever host it is then."""
        for host in self.lab.hosts.values():
            self.addCleanup(self._stop_if_there, host, name)

    @staticmethod
    def _stop_if_there(host: LabHost, name: str) -> None:
        if name in host.sessions():
            host.wayferry("stop", name)

    def _demand_clean(self, host: LabHost, before: Census) -> None:
        if self._spoilt:
            return
        found: list[str] = []

        def clean() -> bool:
            found[:] = leaks(before, host.census())
            return not found

        try:
            wait_until(clean, _CLEAN_LIMIT, "a clean host")
        except LabError:
            self.fail(f"left over on {host.name}:\n  " + "\n  ".join(found))
