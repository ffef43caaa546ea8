# SPDX-License-Identifier: MIT
"""Docker and Podman: what is true of an app in a container of our own is true of one in a container of theirs.

The tests of test_sessions and test_move run again, moved, under each engine; here is what only these engines
have: their own commands see the container, and what it needs comes with it.
"""

from __future__ import annotations

from typing import ClassVar

import test_move
import test_sessions
from harness import LabHost, LabTest, Terminal, engines, wait_until
from harness.labhost import LIMIT


class _UnderAnEngine(LabTest):
    """Hosts with an engine; the image is on alpha only, so the first move brings it to beta."""

    ENGINE: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for host in cls.lab.hosts.values():
            engines.start(host, cls.ENGINE)
            host.app_base = ["--engine", cls.ENGINE, "--image", engines.IMAGE]
        engines.import_image(cls.lab.hosts["alpha"], cls.ENGINE)

    def setUp(self) -> None:
        super().setUp()
        for host in self.lab.hosts.values():
            self.addCleanup(self._demand_no_containers, host)

    def _demand_no_containers(self, host: LabHost) -> None:
        self.assertEqual(engines.containers(host, self.ENGINE), [])


class _Own(_UnderAnEngine):
    """What only an engine's containers have."""

    def test_its_own_commands_work_after_a_move(self) -> None:
        terminal = Terminal(self)
        self.assertEqual(engines.containers(self.alpha, self.ENGINE), [terminal.name])
        terminal.move(self.alpha, self.beta)
        self.assertEqual(engines.containers(self.alpha, self.ENGINE), [])
        self.assertEqual(engines.containers(self.beta, self.ENGINE), [terminal.name])
        self.beta.ask_shell("echo from inside > /tmp/said; echo printed > /proc/1/fd/1")
        inside = ("exec", terminal.name, "cat", "/tmp/said")
        self.assertEqual(self.beta.must(self.ENGINE, *inside), "from inside\n")
        self.assertIn("printed", self.beta.must(self.ENGINE, "logs", terminal.name))
        label = "{{index .Config.Labels \"wayferry.session\"}}"
        self.assertEqual(self.beta.must(self.ENGINE, "inspect", "--format", label, terminal.name), "term\n")
        self.beta.must(self.ENGINE, "stop", "--time", "1", terminal.name)
        wait_until(lambda: not self.beta.sessions(), LIMIT, "the session to vanish")

    def test_memory_follows(self) -> None:
        terminal = Terminal(self)
        empty = self.beta.shot()
        report = self.alpha.wayferry_json("move", terminal.name, "beta", "--mode", "lazy")
        self.beta.wait_for_change(empty)
        self.assertGreater(report["drain"]["pages"], 0)
        terminal.demand_living(self.beta)

    def test_there_and_back_and_there(self) -> None:
        terminal = Terminal(self)
        for source, target in ((self.alpha, self.beta), (self.beta, self.alpha), (self.alpha, self.beta)):
            terminal.move(source, target)
            terminal.demand_living(target)

    def test_the_engine_that_has_the_image_is_chosen(self) -> None:
        self.stop_later("chosen")
        empty = self.alpha.shot()
        self.alpha.wayferry("run", "--name", "chosen", "--image", engines.IMAGE, "--", "weston-simple-shm")
        self.alpha.wait_for_window(empty, animated=True)
        self.assertEqual(engines.containers(self.alpha, self.ENGINE), ["chosen"])

    def test_a_container_of_that_name_that_is_not_ours_is_left_alone(self) -> None:
        self.alpha.must(self.ENGINE, "create", "--name", "theirs", "--network", "none", engines.IMAGE, "bash")
        self.addCleanup(self.alpha.must, self.ENGINE, "rm", "theirs")
        base = ("--engine", self.ENGINE, "--image", engines.IMAGE)
        said = self.alpha.wayferry_fails("run", "--name", "theirs", *base, "--", "foot")
        self.assertIn("theirs", said)
        self.assertEqual(engines.containers(self.alpha, self.ENGINE), ["theirs"])

    def test_an_app_that_ends_at_once_is_quoted(self) -> None:
        base = ("--engine", self.ENGINE, "--image", engines.IMAGE)
        said = self.alpha.wayferry_fails("run", "--name", "short", *base, "--", "bash", "-c", "echo no way; exit 3")
        self.assertIn("the app ended at once; it said: no way", said)

    def test_a_root_file_system_is_refused(self) -> None:
        base = ("--engine", self.ENGINE, "--rootfs", "/srv/desktop")
        said = self.alpha.wayferry_fails("run", "--name", "none", *base, "--", "foot")
        self.assertIn("runs images, not a root file system", said)


class Podman(_Own):
    """Podman's containers."""

    ENGINE = "podman"


class PodmanSessions(_UnderAnEngine, test_sessions.Moved):
    """A session under Podman, moved."""

    ENGINE = "podman"


class PodmanFoot(_UnderAnEngine, test_move.Foot):
    """The terminal under Podman."""

    ENGINE = "podman"


class Docker(_Own):
    """Docker's containers."""

    ENGINE = "docker"

    def test_a_daemon_that_does_not_restore(self) -> None:
        terminal = Terminal(self)
        settings = "/etc/docker/daemon.json"
        self.beta.must("sh", "-c", f"echo '{{\"experimental\": false}}' > {settings} && pkill -HUP -x dockerd")
        self.addCleanup(self.beta.must, "pkill", "-HUP", "-x", "dockerd")
        self.addCleanup(self.beta.must, "sh", "-c", f"echo '{{\"experimental\": true}}' > {settings}")
        said = self.alpha.wayferry_fails("move", terminal.name, "beta")
        self.assertIn("beta: Docker's daemon restores containers in experimental mode only", said)
        self.assertIn("/etc/docker/daemon.json", said)
        terminal.demand_living(self.alpha)


class DockerSessions(_UnderAnEngine, test_sessions.Moved):
    """A session under Docker, moved."""

    ENGINE = "docker"


class DockerFoot(_UnderAnEngine, test_move.Foot):
    """The terminal under Docker."""

    ENGINE = "docker"
