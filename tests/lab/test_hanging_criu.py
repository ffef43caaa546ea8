# SPDX-License-Identifier: MIT
"""A CRIU that hangs hangs no move: whoever waits for it can be interrupted, gives up by himself when nothing moves
for a minute, and leaves the app as it was, on the source, and nothing on the target.

Where CRIU hangs in a dump makes a difference, because for moments it has code of its own in place of the app's; so it is
stopped at many places.
"""

from __future__ import annotations

import subprocess
import time
from contextlib import AbstractContextManager, ExitStack
from typing import ClassVar

from harness import LabTest, Terminal, faults, wait_until
from harness.hanging import (
    criu_stopping_at,
    criu_stopping_at_image,
    criu_stopping_at_its_start,
    hanging_tar,
    wait_for_hanging_tar,
    wait_for_stopped_criu,
)
from harness.labhost import LIMIT
from test_engines import UnderAnEngine
from testbed import places

# Of the some 250 calls that a dump of a terminal takes: before processes are caught, while their memory and threads are
# looked at with code in their place, and when they are let go.
_PLACES = range(3, 230, 25)

# What a mover needs to end CRIU, and to tell the target; on a busy machine.
_SOON = 5.0

_STALL = 60.0

# How often a mover with nothing to send says that it is still there, and how often it looks up.
_PATIENCE = 5.0 + 1.0

_LOGS = "/var/lib/wayferry/logs"


class _Hanging(LabTest):
    """A terminal on alpha, moved to beta with a CRIU that hangs."""

    MODE: ClassVar[str] = "eager"
    OPTIONS: ClassVar[tuple[str, ...]] = ()

    def setUp(self) -> None:
        super().setUp()
        self.terminal = Terminal(self)
        for host in (self.alpha, self.beta):
            self.addCleanup(host.run, "rm", "-rf", _LOGS)

    def start_move(self) -> subprocess.Popen[str]:
        """A mover, running."""
        words = ["wayferry", "move", self.terminal.name, "beta", "--mode", self.MODE, *self.OPTIONS]
        command = self.alpha.host.command(words, self.alpha.desktop.session)
        mover = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(self._end, mover)
        return mover

    @staticmethod
    def _end(mover: subprocess.Popen[str]) -> None:
        mover.kill()
        mover.communicate()

    def signal_mover(self, signal: str) -> None:
        """What Ctrl-C or kill(1) does."""
        self.alpha.must("pkill", f"-{signal}", "-f", f"^wayferry move {self.terminal.name}")

    def demand_failure(self, mover: subprocess.Popen[str], *words: str, limit: float = _SOON) -> None:
        """It fails within the limit and says all these WORDS."""
        start = time.monotonic()
        said, _ = mover.communicate(timeout=limit + LIMIT)
        self.assertEqual(mover.returncode, 1, said)
        self.assertLess(time.monotonic() - start, limit, said)
        for word in (*words, "term goes on running on alpha"):
            self.assertIn(word, said)

    def demand_unharmed(self) -> None:
        """It lives on alpha, only there, and nothing of CRIU is left, not even in its memory."""
        self.terminal.demand_living(self.alpha)
        for host in (self.alpha, self.beta):
            for program in ("criu", "runc"):
                self.assertEqual(host.pids(program), [], host.name)
        for program in ("foot", "bash"):
            for pid in self.alpha.pids(program):
                self.assertNotIn("CRIU", self.alpha.must("cat", f"/proc/{pid}/maps"))

    def interrupt_at(self, place: int) -> None:
        """A move is interrupted while its dump stands at this place."""
        with self.subTest(place), criu_stopping_at(self.alpha, place):
            mover = self.start_move()
            wait_for_stopped_criu(self.alpha)
            self.signal_mover("INT")
            self.demand_failure(mover, "alpha: interrupted by a signal", "(step checkpoint;", f"{_LOGS}/term-dump.log")
            self.demand_unharmed()

    def demand_movable(self) -> None:
        """Now that CRIU no longer hangs it moves, at once."""
        self.terminal.move(self.alpha, self.beta)
        self.terminal.demand_living(self.beta)


class Dump(_Hanging):
    """It hangs on the source."""

    def test_interrupted_wherever_it_stands(self) -> None:
        for place in _PLACES:
            self.interrupt_at(place)
        self.demand_movable()

    def test_interrupted_before_it_has_begun(self) -> None:
        with criu_stopping_at_its_start(self.alpha):
            mover = self.start_move()
            wait_for_stopped_criu(self.alpha)
            self.signal_mover("INT")
            self.demand_failure(mover, "alpha: interrupted by a signal")
            self.demand_unharmed()
        self.demand_movable()

    def test_interrupted_while_nobody_answers(self) -> None:
        with faults.silent(self.beta):
            mover = self.start_move()
            wait_until(lambda: self.alpha.pids("criu"), LIMIT, "a CRIU that waits for the target")
            self.signal_mover("INT")
            self.demand_failure(mover, "alpha: interrupted by a signal", "(step connect;")
        self.demand_unharmed()
        self.demand_movable()

    def test_nothing_moves_for_a_minute(self) -> None:
        with criu_stopping_at(self.alpha, 100):
            mover = self.start_move()
            wait_for_stopped_criu(self.alpha)
            self.demand_failure(
                mover, "alpha: CRIU has made no progress for 60 s", "cure: see whether", f"{_LOGS}/term-dump.log",
                limit=_STALL + _SOON,
            )
            self.demand_unharmed()
        self.demand_movable()

    def test_its_target_is_gone(self) -> None:
        with criu_stopping_at(self.alpha, 100):
            mover = self.start_move()
            wait_for_stopped_criu(self.alpha)
            self.alpha.must("pkill", "-KILL", "-f", "^ssh .* wayferry receive$")
            self.demand_failure(mover, "beta: the connection", "(step checkpoint;", limit=_PATIENCE + _SOON)
            self.demand_unharmed()
        self.demand_movable()

    def test_its_mover_is_killed(self) -> None:
        with criu_stopping_at(self.alpha, 150):
            mover = self.start_move()
            wait_for_stopped_criu(self.alpha)
            self.signal_mover("KILL")
            mover.communicate(timeout=LIMIT)
            # The session's monitor wakes it, and it ends because its gate is closed.
            wait_until(lambda: not self.alpha.pids("criu"), LIMIT, "CRIU to end")
            self.demand_unharmed()
        self.demand_movable()


class LazyDump(_Hanging):
    """The same when memory is to follow."""

    MODE = "lazy"

    def test_interrupted(self) -> None:
        for place in _PLACES[1::3]:
            self.interrupt_at(place)
        self.demand_movable()


class DockerDump(UnderAnEngine, _Hanging):
    """It hangs below Docker, where CRIU has tar pack what lies in memory."""

    ENGINE = "docker"

    def test_interrupted_while_it_waits_for_tar(self) -> None:
        with hanging_tar(self.alpha):
            mover = self.start_move()
            wait_for_hanging_tar(self.alpha)
            self.signal_mover("TERM")
            self.demand_failure(mover, "alpha: interrupted by a signal", "(step checkpoint;")
            self.demand_unharmed()
        self.demand_movable()


class _Restore(_Hanging):
    """It hangs on the target, with an app that is complete but for a few instructions."""

    def setUp(self) -> None:
        super().setUp()
        self.trouble = ExitStack()
        self.addCleanup(self.trouble.close)
        self.trouble.enter_context(self.hang())
        self.mover = self.start_move()
        wait_for_stopped_criu(self.beta)

    def hang(self) -> AbstractContextManager[None]:
        """As long as this is open CRIU stops there."""
        return criu_stopping_at(self.beta, 3)

    def demand_nothing_left(self) -> None:
        """On beta, which is as good as before."""
        # Who has nobody left to answer to may still be undoing: the receiver, or the monitor for it.
        undoing = lambda: self.beta.run("pgrep", "-f", "wayferry receive|wayferry-monitor").returncode == 0
        wait_until(lambda: not undoing(), _SOON, "the end of what is undone")
        self.demand_unharmed()
        self.trouble.close()
        self.demand_movable()

    def test_interrupted(self) -> None:
        self.signal_mover("INT")
        self.demand_failure(self.mover, "alpha: interrupted by a signal", "(step restore;", limit=2 * _SOON)
        self.demand_nothing_left()

    def test_its_mover_is_killed(self) -> None:
        self.signal_mover("KILL")
        self.mover.communicate(timeout=LIMIT)
        self.demand_nothing_left()

    def test_its_receiver_is_killed(self) -> None:
        self.beta.must("pkill", "-KILL", "-x", "-f", "wayferry receive")
        self.demand_failure(self.mover, "beta: ", "(step restore;")
        self.demand_nothing_left()


class Restore(_Restore):
    """The same under runc, as always."""

    def test_nothing_moves_for_a_minute(self) -> None:
        self.demand_failure(
            self.mover, "beta: CRIU has made no progress for 60 s", "cure: see whether", f"{_LOGS}/term-restore.log",
            limit=_STALL + 2 * _SOON,
        )
        self.demand_nothing_left()


class LazyRestore(_Restore):
    """The same when memory is to follow."""

    MODE = "lazy"


class BeginningRestore(_Restore):
    """It hangs before it has made a process, and makes some when it is woken, whose memory nobody brings then."""

    MODE = "lazy"
    OPTIONS = ("--ahead", "0")

    def hang(self) -> AbstractContextManager[None]:
        return criu_stopping_at_image(self.beta, "pstree.img")


class CrunRestore(_Restore):
    """The same under crun."""

    ONLY_CGROUP_V2 = True

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for host in cls.lab.hosts.values():
            host.app_base = ["--engine", "crun", "--rootfs", places.INNER_DESKTOP]


class DockerRestore(UnderAnEngine, _Restore):
    """The same below a daemon of Docker's, which starts CRIU itself."""

    ENGINE = "docker"


class PodmanRestore(UnderAnEngine, _Restore):
    """The same below Podman."""

    ENGINE = "podman"


del _Restore  # Restore is the same
