# SPDX-License-Identifier: MIT
"""TCP connections of an app whose address moves with it, to a third host on the same segment.

gamma's two cables are joined by a bridge there, so that alpha, beta and gamma share a segment, on which the app has
an address of its own. gamma counts to it without pause, and it counts back: a number that was lost, or came twice,
is noticed on either side.
"""

from __future__ import annotations

import re
from typing import ClassVar

from harness import LabHost, LabTest, wait_until
from harness.labhost import LIMIT
from testbed import places

_PEER_ADDRESS = "10.88.0.1"
_APP_ADDRESS = "10.88.0.5"

_PEER = f"""
import socket, sys, threading, time
if sys.argv[1] == 'called':
    listener = socket.create_server(('{_PEER_ADDRESS}', 7000))
    print('listening', flush=True)
    line, _ = listener.accept()
else:
    line = socket.create_connection(('{_APP_ADDRESS}', 7000))
def count():
    number = 0
    while True:
        number += 1
        line.sendall(f'{{number}}\\n'.encode())
        time.sleep(0.002)
threading.Thread(target=count, daemon=True).start()
expected = 0
try:
    for answer in line.makefile():
        expected += 1
        if answer != f'{{expected}} {{expected}}\\n':
            print('wrong:', answer, 'instead of', expected, flush=True)
            break
        if expected % 20 == 0:
            print('heard', expected, flush=True)
    print('the end', flush=True)
except OSError as error:
    print('the end:', error, flush=True)
"""

_APP = f"""
import socket, sys, time
if sys.argv[1] == 'calls':
    line = socket.create_connection(('{_PEER_ADDRESS}', 7000))
else:
    listener = socket.create_server(('{_APP_ADDRESS}', 7000))
    print('listening', flush=True)
    line, _ = listener.accept()
count = 0
try:
    for word in line.makefile():
        count += 1
        line.sendall(f'{{count}} {{word}}'.encode())
        if count == 1:
            print('connected', flush=True)
    print('the end', flush=True)
except OSError as error:
    print('the end:', error, flush=True)
time.sleep(600)
"""


class _Connected(LabTest):
    """An app with one connection, over which both count."""

    HOSTS = ["alpha", "beta", "gamma"]
    BASE: ClassVar[list[str]] = ["--engine", "runc", "--rootfs", places.INNER_DESKTOP]
    NETWORK: ClassVar[str] = f"macvlan:gamma,{_APP_ADDRESS}/24"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        gamma = cls.lab.hosts["gamma"]
        gamma.must("ip", "link", "add", "segment", "type", "bridge")
        for end in ("alpha", "beta"):
            gamma.must("ip", "link", "set", end, "master", "segment")
        gamma.must("ip", "address", "add", f"{_PEER_ADDRESS}/24", "dev", "segment")
        gamma.must("ip", "link", "set", "segment", "up")

    def setUp(self) -> None:
        super().setUp()
        self.gamma = self.lab.hosts["gamma"]
        self.gamma.host.log("peer").write_text("")
        self.addCleanup(self.gamma.run, "pkill", "-f", f"create_server.*{_PEER_ADDRESS}")

    def connect(self, who: str = "calls") -> None:
        """The app CALLS gamma, or is called."""
        if who == "calls":
            self.start_peer("called")
            wait_until(lambda: "listening" in self.said(), LIMIT, "the peer")
        self.stop_later("app")
        options = ["--name", "app", *self.BASE, "--network", self.NETWORK]
        self.alpha.wayferry("run", *options, "--", "python3", "-c", _APP, who)
        if who != "calls":
            self.alpha.wait_for_log("app", "listening")
            self.start_peer("calls")
        self.alpha.wait_for_log("app", "connected")

    def start_peer(self, who: str) -> None:
        self.gamma.start("python3", "-c", _PEER, who, log="peer")

    def said(self) -> str:
        return self.gamma.host.log("peer").read_text()

    def heard(self) -> int:
        """How far they have counted."""
        return max((int(number) for number in re.findall(r"heard (\d+)", self.said())), default=0)

    def demand_counting(self) -> None:
        """Both go on, and neither ever missed a number."""
        before = self.heard()
        wait_until(lambda: self.heard() > before + 20 or "the end" in self.said(), LIMIT, "them to count on")
        self.assertNotIn("wrong", self.said())
        self.assertNotIn("the end", self.said())

    def demand_kept(self, source: LabHost, target: LabHost, *options: str) -> None:
        report = source.wayferry_json("move", "app", target.name, "--tcp", *options)
        self.assertIn("1 TCP connection(s) were kept: the address moved along", report["notes"])
        self.demand_counting()
        self.assertEqual(target.session_state("app"), "running")


class _Kept(_Connected):
    """Whatever the container's address hangs on."""

    def test_unmoved(self) -> None:
        self.connect()
        self.demand_counting()

    def test_there_and_back(self) -> None:
        self.connect()
        self.demand_counting()
        self.demand_kept(self.alpha, self.beta, "--mode", "eager")
        self.demand_kept(self.beta, self.alpha, "--mode", "eager")

    def test_memory_follows(self) -> None:
        self.connect()
        self.demand_kept(self.alpha, self.beta, "--mode", "lazy")
        self.demand_kept(self.beta, self.alpha, "--mode", "lazy")


class TcpOverMacvlan(_Kept):
    """A macvlan device, as the container's address needs it most often; and what is asked once only."""

    def test_an_app_that_was_called(self) -> None:
        self.connect("is called")
        self.demand_counting()
        self.demand_kept(self.alpha, self.beta)

    def test_a_move_that_fails_leaves_the_connection_alone(self) -> None:
        self.connect()
        for step in ("target:ready", "checkpoint", "send"):
            with self.subTest(step):
                self.alpha.wayferry_fails("move", "app", "beta", "--tcp", env={"WAYFERRY_FAIL_AT": step})
                self.assertEqual(self.alpha.session_state("app"), "running")
                self.demand_counting()

    def test_without_the_option_it_is_closed_and_the_report_says_so(self) -> None:
        self.connect()
        report = self.alpha.wayferry_json("move", "app", "beta")
        self.assertIn("1 TCP connection(s) were closed: the app sees a reset", report["notes"])
        self.beta.wait_for_log("app", "the end")
        wait_until(lambda: "the end" in self.said(), LIMIT, "the peer to see the end")
        self.assertEqual(self.beta.session_state("app"), "running")

    def test_a_target_without_the_device_is_refused_before_the_freeze(self) -> None:
        self.connect()
        self.beta.must("ip", "link", "set", "gamma", "down")
        self.beta.must("ip", "link", "set", "gamma", "name", "other")
        try:
            said = self.alpha.wayferry_fails("move", "app", "beta", "--tcp")
        finally:
            self.beta.must("ip", "link", "set", "other", "name", "gamma")
            self.beta.must("ip", "link", "set", "gamma", "up")
        self.assertIn("beta: there is no network device gamma here", said)
        self.demand_counting()


class TcpOverABridge(_Kept):
    """A bridge of the same name on both hosts."""

    NETWORK = f"bridge:span,{_APP_ADDRESS}/24,{_PEER_ADDRESS}"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for name in ("alpha", "beta"):
            host = cls.lab.hosts[name]
            host.must("ip", "link", "add", "span", "type", "bridge")
            host.must("ip", "link", "set", "gamma", "master", "span")
            host.must("ip", "link", "set", "span", "up")


class TcpUnderCrun(_Kept):
    """crun hears of CRIU's options otherwise than runc."""

    ONLY_CGROUP_V2 = True
    BASE = ["--engine", "crun", "--rootfs", places.INNER_DESKTOP]


class TcpRefused(LabTest):
    """Where the address stays behind, a connection cannot be kept."""

    def test_without_a_network(self) -> None:
        self.stop_later("app")
        self.alpha.wayferry("run", "--name", "app", *self.alpha.app_base, "--", "sleep", "600")
        said = self.alpha.wayferry_fails("move", "app", "beta", "--tcp")
        self.assertIn("TCP connections cannot be kept, because the address that the app has on its network (none)", said)
        self.assertEqual(self.alpha.session_state("app"), "running")

    def test_what_is_no_address(self) -> None:
        said = self.alpha.wayferry_fails("run", *self.alpha.app_base, "--network", "macvlan:beta", "--", "sleep", "600")
        self.assertIn("'macvlan:beta' is no network", said)


del _Connected, _Kept  # without a network they are no tests
