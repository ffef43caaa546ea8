# SPDX-License-Identifier: MIT
"""Whoever is killed while memory follows, and whatever happens to the cable: the app goes on with its memory
right, or it has ended and says why. It never goes on with zeros.
"""

from __future__ import annotations

import time
from typing import Any

from harness import LabHost, LabTest
from harness.checker import Checker
from testbed.errors import LabError
from testbed.wait import wait_until

_NAME = "prover"

# Half of it is zero. At this rate, and with what the app asks for itself, the drain takes some 5 to 10 s.
_MEGABYTES = 128
_RATE = "6MB"
_LIMIT = 60.0

_MOVE_SSH = "^ssh .* wayferry receive$"
_BULK_SSH = "^ssh .* -N -L "

_OWN_SETTINGS = """
Host beta
    RemoteCommand sleep 600
    PermitLocalCommand yes
    LocalCommand echo a word of welcome
    LocalForward 127.0.0.1:2222 127.0.0.1:22
    ExitOnForwardFailure yes
    ControlMaster auto
    ControlPath /run/own-ssh
    ControlPersist 600
"""

# docs/lazy.md: both ends notice a dead link within 5 s; and what a poll and a busy machine add.
_NOTICED = 5.0 + 2.0
_GRACE = 75.0


class _Draining(LabTest):
    """A process on beta whose memory still comes from alpha, slowly."""

    def setUp(self) -> None:
        super().setUp()
        self.stop_later(_NAME)
        self.addCleanup(self.lab.mend)
        self.checker = Checker(_NAME, self.alpha, _MEGABYTES, busy=False)
        self.before_the_move()
        options = ["--mode", "lazy", "--limit-rate", _RATE]
        self.alpha.start("wayferry", "move", _NAME, "beta", *options, log="move")
        # Both ends are at it, and some but not all is over.
        try:
            wait_until(lambda: self._under_way(self.alpha) and self._under_way(self.beta), _LIMIT, "a drain")
        except LabError as error:
            raise LabError(f"{error}; the move said: {self.move_said()}") from error

    def before_the_move(self) -> None:
        """What is different from other moves."""

    def drain(self, host: LabHost) -> Any:
        """How far it has come, as that host tells; None if it has no drain."""
        for session in host.wayferry_json("ps"):
            if session["container"]["name"] == _NAME:
                return session.get("drain")
        return None

    def _under_way(self, host: LabHost) -> bool:
        drain = self.drain(host)
        return drain is not None and drain["connected"] and 0 < drain["done_bytes"] < drain["all_bytes"]

    def pids(self, host: LabHost, pattern: str) -> list[int]:
        """Processes whose command line matches."""
        return [int(word) for word in host.run("pgrep", "-f", pattern).stdout.split()]

    def kill(self, host: LabHost, pattern: str) -> None:
        """Kills the one process whose command line matches."""
        self.kill_only(host, self.pids(host, pattern))

    def kill_only(self, host: LabHost, pids: list[int]) -> None:
        """Kills the only one of these processes."""
        self.assertEqual(len(pids), 1, f"processes on {host.name}")
        self.assertIsNotNone(self.drain(host), "the drain was over before anybody was killed")
        host.must("kill", "-KILL", str(pids[0]))

    def move_said(self) -> str:
        """What the mover printed."""
        return self.alpha.host.log("move").read_text()

    def demand_whole(self) -> None:
        """The drain ends, alpha has nothing left, and every byte is right on beta."""
        wait_until(lambda: _NAME not in self.alpha.sessions(), _LIMIT, "alpha to let go")
        wait_until(lambda: self.drain(self.beta) is None, _LIMIT, "the end of the drain")
        led_by = "^wayferry receive$|stand-by"
        wait_until(lambda: not self.pids(self.beta, led_by), _LIMIT, "whoever led it to go")
        self.assertEqual(self.beta.session_state(_NAME), "running", self.move_said())
        self.assertEqual(self.checker.check_all(self.beta), 0)


class Killed(_Draining):
    """SIGKILL in the middle of the drain."""

    def test_nobody(self) -> None:
        self.demand_whole()

    def test_the_receiver(self) -> None:
        self.kill(self.beta, "^wayferry receive$")
        self.demand_whole()

    def test_the_receiver_twice(self) -> None:
        self.kill(self.beta, "^wayferry receive$")
        wait_until(lambda: self._under_way(self.beta), _LIMIT, "the successor to go on")
        # The successor gets another one behind it, which is the younger process.
        stand_by = f"stand-by {_NAME} --side target"
        wait_until(lambda: len(self.pids(self.beta, stand_by)) == 2, _LIMIT, "a stand-by process of the successor")
        self.beta.must("kill", "-KILL", str(min(self.pids(self.beta, stand_by))))
        self.demand_whole()

    def test_the_mover(self) -> None:
        self.kill(self.alpha, "^wayferry move")
        self.demand_whole()

    def test_the_mover_and_the_receiver(self) -> None:
        self.kill(self.alpha, "^wayferry move")
        self.kill(self.beta, "^wayferry receive$")
        self.demand_whole()

    def test_the_stand_by_and_then_the_receiver(self) -> None:
        stand_by = f"stand-by {_NAME} --side target"
        before = self.pids(self.beta, stand_by)
        self.kill(self.beta, stand_by)
        wait_until(lambda: self.pids(self.beta, stand_by) not in ([], before), _LIMIT, "another stand-by process")
        self.kill(self.beta, "^wayferry receive$")
        self.demand_whole()

    def test_the_stand_by_and_then_the_mover(self) -> None:
        stand_by = f"stand-by {_NAME} --side source"
        before = self.pids(self.alpha, stand_by)
        self.kill(self.alpha, stand_by)
        wait_until(lambda: self.pids(self.alpha, stand_by) not in ([], before), _LIMIT, "another stand-by process")
        self.kill(self.alpha, "^wayferry move")
        self.demand_whole()

    def test_the_ssh_of_the_move_and_the_faults(self) -> None:
        self.kill(self.alpha, _MOVE_SSH)
        self.demand_whole()

    def test_the_ssh_of_the_bulk(self) -> None:
        self.kill(self.alpha, _BULK_SSH)
        self.demand_whole()

    def test_the_mover_with_its_stand_by(self) -> None:
        self.kill(self.alpha, f"stand-by {_NAME} --side source")
        self.kill(self.alpha, "^wayferry move")
        # If another stand-by process was made in between there is nothing left to do.
        if self.alpha.session_state(_NAME) == "draining" and not self.pids(self.alpha, f"stand-by {_NAME}"):
            self.alpha.wayferry("resolve", _NAME)
        self.demand_whole()


class NothingForwarded(_Draining):
    """beta's sshd connects nobody to a socket there: helpers hand the page connections over."""

    def before_the_move(self) -> None:
        """Its key may no longer do that."""
        keys = self.beta.host.path("/root/.ssh/authorized_keys")
        usual = keys.read_text()
        self.addCleanup(keys.write_text, usual)
        keys.write_text(f"no-port-forwarding {usual}")

    def test_nobody_is_killed(self) -> None:
        self.assertEqual(self.pids(self.alpha, _BULK_SSH), [])
        self.assertEqual(len(self.pids(self.beta, "^wayferry receive --pages")), 2)
        self.demand_whole()


class OwnSettings(_Draining):
    """alpha's user has ssh run and forward things whenever it goes to beta, which has no place in a move."""

    def before_the_move(self) -> None:
        """Each of these alone would end one of its two connections, or speak in it."""
        config = self.alpha.host.path("/root/.ssh/config")
        self.addCleanup(config.unlink)
        config.write_text(_OWN_SETTINGS)
        config.chmod(0o600)

    def test_nobody_is_killed(self) -> None:
        for ssh in (_MOVE_SSH, _BULK_SSH):
            self.assertEqual(len(self.pids(self.alpha, ssh)), 1, ssh)
        self.assertFalse(self.alpha.host.path("/run/own-ssh").exists(), "a connection that stays")
        # No other way was taken.
        self.assertEqual(self.pids(self.beta, "^wayferry receive --pages"), [])
        self.demand_whole()


class Cut(_Draining):
    """The cable is pulled in the middle of the drain."""

    def cut_and_wait_until_noticed(self) -> None:
        """Both ends know within 5 s."""
        self.lab.cut()
        start = time.monotonic()
        for host in (self.alpha, self.beta):
            wait_until(lambda host=host: not self.drain(host)["connected"], _LIMIT, f"{host.name} to notice")
        self.assertLess(time.monotonic() - start, _NOTICED)

    def sweep_beta(self) -> None:
        """sshd keeps connections whose other end has gone without a word for hours; and the notice of the app's
        end stays until there is another one of its name."""
        self.beta.run("pkill", "-x", "sshd-session")
        self.beta.must("rm", "-r", "/run/wayferry/.ended")

    def test_and_put_back(self) -> None:
        done = self.drain(self.beta)["done_bytes"]
        self.cut_and_wait_until_noticed()
        self.lab.mend()
        wait_until(lambda: self._under_way(self.beta), _LIMIT, "the drain to go on")
        # Where it stopped: nothing has to come twice.
        self.assertGreaterEqual(self.drain(self.beta)["done_bytes"], done)
        self.demand_whole()

    def test_for_too_long(self) -> None:
        self.addCleanup(self.sweep_beta)
        self.cut_and_wait_until_noticed()
        wait_until(lambda: self.beta.session_state(_NAME) is None, _GRACE + _LIMIT, "beta to end the app")
        said = self.beta.wayferry_fails("logs", _NAME)
        for words in ("has ended", "were still at the source", "--mode eager"):
            self.assertIn(words, said)
        wait_until(lambda: not self.pids(self.alpha, "^wayferry move"), _LIMIT, "the mover to give up")
        for words in ("are still here", "--mode eager", f"wayferry resolve {_NAME}"):
            self.assertIn(words, self.move_said())
        self.assertNotIn("goes on running", self.move_said())
        self.assertEqual(self.alpha.session_state(_NAME), "draining")
        self.lab.mend()
        self.alpha.wayferry("resolve", _NAME)
        self.assertIsNone(self.alpha.session_state(_NAME))
