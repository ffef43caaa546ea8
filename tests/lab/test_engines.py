# SPDX-License-Identifier: MIT
"""Docker, Podman and crun: what is true of an app in a container of runc's is true of one in a container of theirs.

The tests of test_sessions and test_move run again, moved, under each engine; here is what only these engines
have: their own commands see the container, and what it needs comes with it.
"""

from __future__ import annotations

import json
from functools import partial
from typing import ClassVar

import test_freeze
import test_move
import test_sessions
from harness import Box, Census, LabHost, LabTest, Picture, Terminal, faults, wait_until
from harness.labhost import LIMIT
from testbed import engines, places


_FILE = "/root/term.ferry"

_DERIVED = "localhost/lab/derived"

# Somebody outside a container, who says a word to whom connects.
_SERVER = """
import socket
listener = socket.create_server(('', 7000))
print('listening', flush=True)
line, _ = listener.accept()
line.sendall(b'welcome\\n')
line.recv(1)
"""

_CRUN = ("--engine", "crun", "--rootfs", places.INNER_DESKTOP)

_RUNC = "/usr/sbin/runc"

_LIBCRIU = "/usr/lib/x86_64-linux-gnu/libcriu.so.2"


# A check box of gtk4-widget-factory's, and the first menu of featherpad's, which opens and closes.
_GTK_CHECKBOX = (22, 454)
_FEATHERPAD_MENU = (20, 12)

# A corner in which nothing of theirs changes under the pointer.
_ASIDE = (1240, 780)


def _demand_memory_follows(case: LabTest) -> None:
    """A terminal moves lazily, and lives there."""
    terminal = Terminal(case)
    empty = case.beta.shot()
    report = case.alpha.wayferry_json("move", terminal.name, "beta", "--mode", "lazy")
    case.beta.wait_for_change(empty)
    case.assertGreater(report["drain"]["pages"], 0)
    terminal.demand_living(case.beta)


class UnderAnEngine(LabTest):
    """Hosts with an engine; the image is on alpha only, so the first move brings it to beta."""

    ENGINE: ClassVar[str]
    IMAGE: ClassVar[engines.Image] = engines.TERMINAL

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for host in cls.lab.hosts.values():
            engines.start(host.host, cls.ENGINE)
            host.app_base = ["--engine", cls.ENGINE, "--image", cls.IMAGE.name]
        engines.import_image(cls.lab.hosts["alpha"].host, cls.ENGINE, cls.IMAGE)

    def _demand_clean(self, host: LabHost, before: Census) -> None:
        super()._demand_clean(host, before)
        if not self._spoilt:
            self.assertEqual(engines.containers(host.host, self.ENGINE), [])


class _Own(UnderAnEngine):
    """What only an engine's containers have."""

    BRIDGE: ClassVar[str]

    def test_its_own_commands_work_after_a_move(self) -> None:
        terminal = Terminal(self)
        self.assertEqual(engines.containers(self.alpha.host, self.ENGINE), [terminal.name])
        terminal.move(self.alpha, self.beta)
        self.assertEqual(engines.containers(self.alpha.host, self.ENGINE), [])
        self.assertEqual(engines.containers(self.beta.host, self.ENGINE), [terminal.name])
        self.beta.ask_shell("echo from inside > /tmp/said; echo printed > /proc/1/fd/1")
        inside = ("exec", terminal.name, "cat", "/tmp/said")
        self.assertEqual(self.beta.must(self.ENGINE, *inside), "from inside\n")
        self.assertIn("printed", self.beta.must(self.ENGINE, "logs", terminal.name))
        label = "{{index .Config.Labels \"wayferry.session\"}}"
        self.assertEqual(self.beta.must(self.ENGINE, "inspect", "--format", label, terminal.name), "term\n")
        self.beta.must(self.ENGINE, "stop", "--time", "1", terminal.name)
        wait_until(lambda: not self.beta.sessions(), LIMIT, "the session to vanish")

    def test_its_commands_see_the_environment_and_the_folder_that_were_asked_for(self) -> None:
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base)
        self.alpha.app_base = [*self.alpha.app_base, "--env", "MINE=two words", "--cwd", "/usr"]
        terminal = Terminal(self)
        terminal.move(self.alpha, self.beta)
        self.assertEqual(self.beta.ask_shell("echo $MINE; pwd"), "two words\n/usr")
        inside = ("exec", terminal.name, "bash", "-c", "echo $MINE; pwd; echo $UID")
        self.assertEqual(self.beta.must(self.ENGINE, *inside), "two words\n/usr\n0\n")

    def test_on_its_bridge_connections_are_closed_and_the_report_says_so(self) -> None:
        self.alpha.host.log("server").write_text("")
        self.alpha.start("python3", "-c", _SERVER, log="server")
        self.addCleanup(self.alpha.run, "pkill", "-f", "create_server")
        wait_until(lambda: self.alpha.host.log("server").read_text() == "listening\n", LIMIT, "the server")
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base)
        self.alpha.app_base = [*self.alpha.app_base, "--network", self.BRIDGE]
        terminal = Terminal(self)
        said = self.alpha.ask_shell(f"exec 8<>/dev/tcp/{self.alpha.host.address}/7000; read -u8 word; echo $word")
        self.assertEqual(said, "welcome")
        empty = self.beta.shot()
        report = self.alpha.wayferry_json("move", terminal.name, "beta")
        self.beta.wait_for_change(empty)
        self.assertIn("1 TCP connection(s) were closed: the app sees a reset", report["notes"])
        self.assertEqual(self.beta.ask_shell("read -u8 word || echo closed"), "closed")
        terminal.demand_living(self.beta)

    def test_an_image_on_its_way_is_told_on_a_terminal(self) -> None:
        terminal = Terminal(self)
        self.beta.run(self.ENGINE, "rmi", engines.IMAGE)  # if an earlier test brought it
        empty = self.beta.shot()
        move = f"wayferry move {terminal.name} beta"
        said = self.alpha.must("script", "--quiet", "--return", "--command", move, "/dev/null", limit=120)
        self.beta.wait_for_change(empty)
        self.assertRegex(said, r"image +\d+\.\d MB")

    def test_a_named_volume_is_carried(self) -> None:
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base)
        self.alpha.app_base = [*self.alpha.app_base, "--volume", "notes:/data"]
        terminal = Terminal(self)
        self.addCleanup(self.beta.run, self.ENGINE, "volume", "rm", "notes")
        self.alpha.ask_shell("exec 9> /data/open; printf abc >&9; echo old > /data/file")
        empty = self.beta.shot()
        self.alpha.wayferry("move", terminal.name, "beta", "--carry", "/data")
        self.beta.wait_for_change(empty)
        self.assertEqual(self.beta.ask_shell("printf def >&9; cat /data/open /data/file"), "abcdefold")
        self.assertEqual(self.alpha.must(self.ENGINE, "volume", "ls", "--quiet"), "")
        self.assertEqual(self.beta.must(self.ENGINE, "volume", "ls", "--quiet"), "notes\n")
        self.beta.wayferry("stop", terminal.name)

    def test_memory_follows(self) -> None:
        _demand_memory_follows(self)

    def test_files_come_along_and_ten_moves_leave_nothing_behind(self) -> None:
        terminal = Terminal(self)
        self.alpha.ask_shell("exec 9> /root/open; printf abc >&9; mkdir /mine; echo old > /mine/file; rm /etc/issue")
        source, target = self.alpha, self.beta
        for _ in range(10):
            terminal.move(source, target)
            source, target = target, source
        terminal.demand_living(source)
        read = "printf def >&9; cat /root/open /mine/file; test -e /etc/issue || echo gone"
        self.assertEqual(source.ask_shell(read), "abcdefold\ngone")

    def test_in_a_file_with_its_image(self) -> None:
        terminal = Terminal(self)
        self.beta.run(self.ENGINE, "rmi", engines.IMAGE)  # if an earlier test brought it
        for host in self.lab.hosts.values():
            self.addCleanup(host.run, "rm", "-f", _FILE)
        empty = self.beta.shot()
        self.alpha.wayferry("freeze", "--with-image", terminal.name, _FILE)
        self.assertEqual(engines.containers(self.alpha.host, self.ENGINE), [])
        self.alpha.must("scp", "-q", _FILE, f"beta:{_FILE}")
        self.beta.wayferry("thaw", _FILE)
        self.beta.wait_for_change(empty)
        terminal.demand_living(self.beta)

    def test_the_engine_that_has_the_image_is_chosen(self) -> None:
        self.stop_later("chosen")
        empty = self.alpha.shot()
        self.alpha.wayferry("run", "--name", "chosen", "--image", engines.IMAGE, "--", "weston-simple-shm")
        self.alpha.wait_for_window(empty, animated=True)
        self.assertEqual(engines.containers(self.alpha.host, self.ENGINE), ["chosen"])

    def test_a_container_of_that_name_that_is_not_ours_is_left_alone(self) -> None:
        self.alpha.must(self.ENGINE, "create", "--name", "theirs", "--network", "none", engines.IMAGE, "bash")
        self.addCleanup(self.alpha.must, self.ENGINE, "rm", "theirs")
        base = ("--engine", self.ENGINE, "--image", engines.IMAGE)
        said = self.alpha.wayferry_fails("run", "--name", "theirs", *base, "--", "foot")
        self.assertIn("theirs", said)
        self.assertEqual(engines.containers(self.alpha.host, self.ENGINE), ["theirs"])

    def test_an_app_that_ends_at_once_is_quoted(self) -> None:
        base = ("--engine", self.ENGINE, "--image", engines.IMAGE)
        said = self.alpha.wayferry_fails("run", "--name", "short", *base, "--", "bash", "-c", "echo no way; exit 3")
        self.assertIn("the app ended at once; it said: no way", said)

    def test_another_image_of_the_same_name_is_refused_with_both_digests(self) -> None:
        terminal = Terminal(self)
        self.beta.run(self.ENGINE, "rmi", engines.IMAGE)  # of an earlier test, perhaps
        engines.import_other(self.beta.host, self.ENGINE)
        self.addCleanup(self.beta.must, self.ENGINE, "rmi", engines.IMAGE)
        said = self.alpha.wayferry_fails("move", terminal.name, "beta")
        self.assertIn(f"beta: its image {engines.IMAGE}:latest is another one", said)
        for host in self.lab.hosts.values():
            digest = host.must(self.ENGINE, "image", "inspect", "--format", "{{.Id}}", engines.IMAGE).strip()
            self.assertIn(digest.removeprefix("sha256:"), said)
        terminal.demand_living(self.alpha)

    def test_of_an_image_only_the_layers_that_are_missing_are_sent(self) -> None:
        self.alpha.must("sh", "-c", f"{self.ENGINE} save {engines.IMAGE} | ssh beta {self.ENGINE} load")
        script = f"""
            set -e
            {self.ENGINE} create --name layer {engines.IMAGE} bash
            echo more > /root/more && {self.ENGINE} cp /root/more layer:/more && rm /root/more
            {self.ENGINE} commit layer {_DERIVED}
            {self.ENGINE} rm layer
        """
        self.alpha.must("sh", "-c", script)
        for host in self.lab.hosts.values():
            self.addCleanup(host.must, self.ENGINE, "rmi", _DERIVED)
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base)
        self.alpha.app_base = ["--engine", self.ENGINE, "--image", _DERIVED]
        terminal = Terminal(self)
        empty = self.beta.shot()
        sent = self.alpha.wayferry_json("move", terminal.name, "beta")["bytes"]["base"]
        self.beta.wait_for_change(empty)
        self.assertGreater(sent, 0)
        self.assertLess(sent, 1 << 20)
        self.assertEqual(self.beta.ask_shell("cat /more"), "more")

    def test_an_address_that_would_move_along_is_refused(self) -> None:
        base = ("--engine", self.ENGINE, "--image", engines.IMAGE, "--network", "macvlan:beta,10.88.0.5/24")
        said = self.alpha.wayferry_fails("run", "--name", "none", *base, "--", "foot")
        self.assertIn(f"{self.ENGINE} gives its containers addresses itself", said)

    def test_a_root_file_system_is_refused(self) -> None:
        base = ("--engine", self.ENGINE, "--rootfs", "/srv/desktop")
        said = self.alpha.wayferry_fails("run", "--name", "none", *base, "--", "foot")
        self.assertIn("runs images, not a root file system", said)


class _Toolkits(LabTest):
    """Programs of GTK 4 and Qt 6: moved with their memory, before it, and in a file."""

    def demand_reaction(self, here: LabHost, spot: tuple[int, int]) -> None:
        """What is there looks otherwise after a click, and as before after another; elsewhere things may move."""
        x, y = spot
        box = Box(x - 6, y - 6, x + 6, y + 6)
        for _ in range(2):
            here.point(*_ASIDE)
            before = here.shot().crop(box)
            here.click(x, y)
            here.point(*_ASIDE)
            wait_until(partial(self._differs, here, box, before), LIMIT, f"a change in {box}")

    @staticmethod
    def _differs(here: LabHost, box: Box, before: Picture) -> bool:
        return here.shot().crop(box) != before

    def check(self, program: str, spot: tuple[int, int]) -> None:
        self.stop_later("app")
        self.addCleanup(self.alpha.run, "rm", "-f", _FILE)
        empty = {host.name: host.shot() for host in self.lab.hosts.values()}

        def arrives(host: LabHost) -> None:
            host.wait_for_window(empty[host.name], animated=True)
            self.demand_reaction(host, spot)

        self.alpha.run_app("app", program, animated=True)
        self.demand_reaction(self.alpha, spot)
        self.alpha.wayferry("move", "app", "beta", "--mode", "eager")
        arrives(self.beta)
        self.beta.wayferry("move", "app", "alpha", "--mode", "lazy")
        arrives(self.alpha)
        self.alpha.wayferry("freeze", "app", _FILE)
        self.alpha.wait_for_picture(lambda now: now == empty["alpha"], "the empty desktop")
        self.alpha.wayferry("thaw", _FILE)
        arrives(self.alpha)

    def test_gtk4_widget_factory(self) -> None:
        self.check("gtk4-widget-factory", _GTK_CHECKBOX)

    def test_featherpad(self) -> None:
        self.check("featherpad", _FEATHERPAD_MENU)


class PodmanToolkits(UnderAnEngine, _Toolkits):
    """GTK 4 and Qt 6 under Podman."""

    ENGINE = "podman"
    IMAGE = engines.TOOLKITS


class DockerToolkits(UnderAnEngine, _Toolkits):
    """GTK 4 and Qt 6 under Docker."""

    ENGINE = "docker"
    IMAGE = engines.TOOLKITS


class Podman(_Own):
    """Podman's containers."""

    ENGINE = "podman"
    BRIDGE = "podman"

    def test_frozen_as_an_oci_image_it_is_taken_into_the_store(self) -> None:
        terminal = Terminal(self)
        self.addCleanup(self.alpha.run, "rm", "-f", _FILE)
        self.alpha.wayferry("freeze", "--oci", terminal.name, _FILE)
        name = "localhost/lab/frozen:term"
        self.alpha.must("skopeo", "copy", "--quiet", f"oci-archive:{_FILE}", f"containers-storage:{name}")
        self.addCleanup(self.alpha.must, "podman", "rmi", name)
        annotations = json.loads(self.alpha.must("podman", "image", "inspect", "--format", "{{json .Annotations}}", name))
        self.assertEqual(annotations["io.podman.annotations.checkpoint.name"], terminal.name)


class PodmanWithoutRunc(UnderAnEngine):
    """Podman's default is crun, which restores nothing in the way that a move needs."""

    ENGINE = "podman"

    def test_it_starts_nothing_that_could_not_be_moved(self) -> None:
        with faults.away(self.alpha, _RUNC):
            said = self.alpha.wayferry_fails("run", "--name", "none", *self.alpha.app_base, "--", "foot")
        self.assertIn("Podman's containers can be moved under runc only, which is not installed", said)
        self.assertIn("apt install runc", said)

    def test_a_target_without_it_is_refused_and_the_app_goes_on(self) -> None:
        terminal = Terminal(self)
        with faults.away(self.beta, _RUNC):
            said = self.alpha.wayferry_fails("move", terminal.name, "beta")
        self.assertIn("beta: Podman's containers can be moved under runc only", said)
        terminal.demand_living(self.alpha)


class PodmanSessions(UnderAnEngine, test_sessions.Moved):
    """A session under Podman, moved."""

    ENGINE = "podman"


class PodmanUser(UnderAnEngine, test_sessions.AnotherUser):
    """As whom its image says."""

    ENGINE = "podman"
    IMAGE = engines.TERMINAL_OF_A_USER
    WHO: ClassVar[list[str]] = []


class PodmanFoot(UnderAnEngine, test_move.Foot):
    """The terminal under Podman."""

    ENGINE = "podman"


class Docker(_Own):
    """Docker's containers."""

    ENGINE = "docker"
    BRIDGE = "bridge"


class DockerThatDoesNotRestore(LabTest):
    """The target's daemon is not in experimental mode."""

    def test_it_is_named_with_its_cure(self) -> None:
        engines.start(self.alpha.host, "docker")
        engines.start(self.beta.host, "docker", experimental=False)
        for host in self.lab.hosts.values():
            self.addCleanup(engines.stop_docker, host.host)
        self.alpha.app_base = ["--engine", "docker", "--image", engines.IMAGE]
        engines.import_image(self.alpha.host, "docker")
        terminal = Terminal(self)
        self.assertIn("its daemon does not restore containers", self.alpha.wayferry_fails("doctor", "beta"))
        said = self.alpha.wayferry_fails("move", terminal.name, "beta")
        self.assertIn("beta: Docker's daemon restores containers in experimental mode only", said)
        self.assertIn("/etc/docker/daemon.json", said)
        terminal.demand_living(self.alpha)

    def _demand_clean(self, host: LabHost, before: Census) -> None:
        """Not here: a daemon that was started and ended leaves its own things, and the hosts go with the class."""


class DockerSessions(UnderAnEngine, test_sessions.Moved):
    """A session under Docker, moved."""

    ENGINE = "docker"


class DockerUser(UnderAnEngine, test_sessions.AnotherUser):
    """As whom its image says."""

    ENGINE = "docker"
    IMAGE = engines.TERMINAL_OF_A_USER
    WHO: ClassVar[list[str]] = []


class DockerFoot(UnderAnEngine, test_move.Foot):
    """The terminal under Docker."""

    ENGINE = "docker"


class _UnderCrun(LabTest):
    """Hosts on which crun starts something, whatever control groups the machine has."""

    ONLY_CGROUP_V2 = True

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        for host in cls.lab.hosts.values():
            host.app_base = [*_CRUN]


class Crun(_UnderCrun):
    """What crun does otherwise than runc: CRIU's options come to it by other ways."""

    def test_memory_follows(self) -> None:
        _demand_memory_follows(self)

    def test_ten_moves_leave_nothing_behind(self) -> None:
        terminal = Terminal(self)
        source, target = self.alpha, self.beta
        for _ in range(10):
            terminal.move(source, target)
            source, target = target, source
        terminal.demand_living(source)

    def test_without_its_library_it_is_refused_with_the_cure(self) -> None:
        with faults.away(self.alpha, _LIBCRIU):
            said = self.alpha.wayferry_fails("run", "--name", "none", *_CRUN, "--", "foot")
        self.assertIn("crun cannot checkpoint without libcriu.so.2", said)
        self.assertIn("apt install libcriu2", said)

    def test_two_versions_of_control_groups_are_refused_with_the_cure(self) -> None:
        with faults.mounted(self.alpha, "/sys/fs/cgroup", "size=64k"):
            self.alpha.must("sh", "-c", "cd /sys/fs/cgroup && mkdir unified && echo cpu > unified/cgroup.controllers")
            said = self.alpha.wayferry_fails("run", "--name", "none", *_CRUN, "--", "foot")
        self.assertIn("crun starts nothing where version 2's control groups have controllers beside version 1's", said)
        self.assertIn("use --engine runc", said)


class CrunSessions(_UnderCrun, test_sessions.Moved):
    """A session under crun, moved."""


class CrunFoot(_UnderCrun, test_move.Foot):
    """The terminal under crun."""


class RuncToolkits(_Toolkits):
    """GTK 4 and Qt 6 under runc."""


class CrunToolkits(_UnderCrun, _Toolkits):
    """GTK 4 and Qt 6 under crun."""


class CrunFreeze(_UnderCrun, test_freeze.Freeze):
    """The terminal under crun, in a file."""


del _Own, _Toolkits, _UnderCrun  # without an engine they are no tests
