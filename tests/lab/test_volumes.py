# SPDX-License-Identifier: MIT
"""Folders of a host in a container: carried with the app, shared by both hosts, or the move is refused."""

from __future__ import annotations

from harness import LabHost, LabTest, Terminal, wait_until
from harness.labhost import LIMIT
from testbed.host import SHARED_FOLDER

_FOLDER = "/srv/papers"
_NAMED = "notes"

# A socket of somebody outside, on which a word is said when a file is there.
_SOUNDS = f"{SHARED_FOLDER}/sounds"
_SERVER = f"""
import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.bind('{_SOUNDS}/native')
s.listen()
c, _ = s.accept()
while not os.path.exists('{_SOUNDS}/say'): time.sleep(0.02)
c.send(b'x')
time.sleep(600)
"""
_CLIENT = """
import socket, time
s = socket.socket(socket.AF_UNIX)
s.connect('/sounds/native')
print('connected', flush=True)
print('heard', s.recv(1), flush=True)
print('lives', flush=True)
time.sleep(600)
"""

# Counts in its memory and in files that it writes through mappings only, and compares.
_MAPPER = """
import mmap, time
places = '/root/mapped', '/tmp/mapped', '/data/mapped'
def mapped(place):
    with open(place, 'w+b') as file:
        file.write(bytes(4096))
        file.flush()
        return mmap.mmap(file.fileno(), 4096)
maps = [mapped(place) for place in places]
count = 0
while True:
    for place, map in zip(places, maps):
        if (there := int.from_bytes(map[:8], 'little')) != count:
            print(f'{place} has {there} of {count}', flush=True)
        map[:8] = (count + 1).to_bytes(8, 'little')
    count += 1
    if count % 100 == 0: print('counted', flush=True)
    time.sleep(0.002)
"""


class Volumes(LabTest):
    """foot with a volume at /data, and a file open in it."""

    def setUp(self) -> None:
        super().setUp()
        for host in self.lab.hosts.values():
            self.addCleanup(host.run, "rm", "-rf", _FOLDER, f"{_FOLDER}.carried", "/root/term.ferry")
        self.alpha.must("mkdir", _FOLDER)

    def open_terminal(self, volume: str) -> Terminal:
        self.alpha.app_base = [*self.alpha.app_base, "--volume", volume]
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base[:-2])
        terminal = Terminal(self)
        self.alpha.ask_shell("exec 9> /data/open; printf abc >&9; mkdir /data/deep; echo old > /data/deep/file")
        return terminal

    def demand_data(self, here: LabHost, folder: str) -> None:
        """The file is still open at its place, and what the app writes lies in the host's folder."""
        self.assertEqual(here.ask_shell("printf def >&9; cat /data/open /data/deep/file"), "abcdefold")
        self.assertEqual(here.must("cat", f"{folder}/open"), "abcdef")
        here.ask_shell("rm /data/deep/file; exec 9> /data/open; printf abc >&9; echo old > /data/deep/file")

    def move(self, source: LabHost, target: LabHost, *options: str) -> None:
        empty = target.shot()
        source.wayferry("move", "term", target.name, *options)
        target.wait_for_change(empty)

    def test_unmoved_it_is_a_folder_of_the_host(self) -> None:
        self.open_terminal(f"{_FOLDER}:/data")
        self.demand_data(self.alpha, _FOLDER)

    def test_carried_there_and_back(self) -> None:
        terminal = self.open_terminal(f"{_FOLDER}:/data")
        for source, target in ((self.alpha, self.beta), (self.beta, self.alpha), (self.alpha, self.beta)):
            self.move(source, target, "--carry", "/data")
            self.demand_data(target, _FOLDER)
            self.assertEqual(source.must("ls", f"{_FOLDER}.carried"), "deep\nopen\n")
            self.assertNotEqual(source.run("test", "-e", _FOLDER).returncode, 0)
        terminal.demand_living(self.beta)

    def test_a_named_one_carried(self) -> None:
        self.open_terminal(f"{_NAMED}:/data")
        self.move(self.alpha, self.beta, "--carry", "all")
        self.demand_data(self.beta, f"/var/lib/wayferry/volumes/{_NAMED}")
        self.assertEqual(self.alpha.must("ls", "/var/lib/wayferry/volumes"), "")
        self.beta.wayferry("stop", "term")
        self.beta.must("rm", "-r", "/var/lib/wayferry/volumes")
        self.alpha.must("rmdir", "/var/lib/wayferry/volumes")

    def test_shared_by_both_hosts(self) -> None:
        self.alpha.must("mkdir", f"{SHARED_FOLDER}/papers")
        self.addCleanup(self.alpha.must, "rm", "-r", f"{SHARED_FOLDER}/papers")
        self.open_terminal(f"{SHARED_FOLDER}/papers:/data")
        self.move(self.alpha, self.beta, "--shared", "/data")
        self.demand_data(self.beta, f"{SHARED_FOLDER}/papers")
        self.assertEqual(self.alpha.must("cat", f"{SHARED_FOLDER}/papers/open"), "abc")
        self.assertEqual(self.alpha.must("find", f"{SHARED_FOLDER}/papers", "-name", ".wayferry*"), "")

    def demand_refusal(self, terminal: Terminal, said: str, *options: str) -> None:
        self.assertIn(said, self.alpha.wayferry_fails("move", "term", "beta", *options))
        terminal.demand_living(self.alpha)

    def test_without_a_word_about_it_the_move_is_refused(self) -> None:
        terminal = self.open_terminal(f"{_FOLDER}:/data")
        self.demand_refusal(terminal, f"volume /data ({_FOLDER} of this host) would be left behind")
        self.demand_refusal(terminal, "the app has no volume at /date", "--carry", "/date")

    def test_one_that_is_not_shared_is_not_taken_for_it(self) -> None:
        terminal = self.open_terminal(f"{_FOLDER}:/data")
        self.beta.must("mkdir", _FOLDER)
        self.demand_refusal(terminal, "beta: the volume /data is not shared", "--shared", "/data")
        self.assertEqual(self.alpha.must("find", _FOLDER, "-name", ".wayferry*"), "")

    def test_files_that_are_there_are_not_overwritten(self) -> None:
        terminal = self.open_terminal(f"{_FOLDER}:/data")
        self.beta.must("sh", "-c", f"mkdir {_FOLDER} && echo precious > {_FOLDER}/open")
        self.demand_refusal(terminal, "has files in it already", "--carry", "/data")
        self.assertEqual(self.beta.must("cat", f"{_FOLDER}/open"), "precious\n")

    def test_frozen_with_the_app(self) -> None:
        terminal = self.open_terminal(f"{_FOLDER}:/data")
        said = self.alpha.wayferry_fails("freeze", "term", "/root/term.ferry", "--shared", "/data")
        self.assertIn("a file cannot promise that the volume /data is shared", said)
        terminal.demand_living(self.alpha)
        self.alpha.wayferry("freeze", "term", "/root/term.ferry", "--carry", "/data")
        self.alpha.must("scp", "-q", "/root/term.ferry", "beta:/root/term.ferry")
        empty = self.beta.shot()
        self.beta.wayferry("thaw", "/root/term.ferry")
        self.beta.wait_for_change(empty)
        self.demand_data(self.beta, _FOLDER)


class MappedFiles(LabTest):
    """Files that an app writes through a mapping: where it lies dirty in memory, nothing tells of a change."""

    def setUp(self) -> None:
        super().setUp()
        for host in self.lab.hosts.values():
            self.addCleanup(host.run, "rm", "-rf", _FOLDER, f"{_FOLDER}.carried", "/root/mapper.ferry")
        self.alpha.must("mkdir", _FOLDER)
        self.stop_later("mapper")
        base = [*self.alpha.app_base, "--volume", f"{_FOLDER}:/data"]
        self.alpha.wayferry("run", "--name", "mapper", *base, "--", "python3", "-c", _MAPPER)
        self.alpha.wait_for_log("mapper", "counted")

    def demand_all(self, here: LabHost) -> None:
        """Nothing that it wrote is lost: it has looked by the time it says something again."""
        said = len(here.wayferry("logs", "mapper"))
        wait_until(lambda: "counted" in here.wayferry("logs", "mapper")[said:], LIMIT, "its next word")
        self.assertEqual(set(here.wayferry("logs", "mapper").split("\n")), {"counted", ""})

    def test_unmoved_they_have_what_was_written(self) -> None:
        self.demand_all(self.alpha)

    def test_lazy_moves_lose_nothing(self) -> None:
        self.alpha.wayferry("move", "mapper", "beta", "--carry", "all")
        self.demand_all(self.beta)
        self.beta.wayferry("move", "mapper", "alpha", "--carry", "all")
        self.demand_all(self.alpha)

    def test_an_eager_move_loses_nothing(self) -> None:
        self.alpha.wayferry("move", "mapper", "beta", "--mode", "eager", "--carry", "all")
        self.demand_all(self.beta)

    def test_a_file_holds_all_of_it(self) -> None:
        self.alpha.wayferry("freeze", "mapper", "/root/mapper.ferry", "--carry", "all")
        self.alpha.wayferry("thaw", "/root/mapper.ferry")
        self.demand_all(self.alpha)


class PrivateFolders(LabTest):
    """/tmp, /dev/shm and XDG_RUNTIME_DIR, which lie in memory, and are the app's alone."""

    _BIG = 100 << 20

    def test_they_go_ahead_like_files(self) -> None:
        terminal = Terminal(self)
        self.alpha.ask_shell(f"head -c {self._BIG} /dev/urandom > /tmp/big; mkdir -m 751 /tmp/d; mkfifo /dev/shm/fifo")
        self.alpha.ask_shell("rmdir /run/lock; echo mine > $XDG_RUNTIME_DIR/file")
        ask = "sha256sum < /tmp/big; stat -c '%a %F' /tmp /tmp/d /dev/shm/fifo; cat $XDG_RUNTIME_DIR/file; ls -A /run"
        there = self.alpha.ask_shell(ask)
        report = self.alpha.wayferry_json("move", terminal.name, "beta")
        self.assertEqual(self.beta.ask_shell(ask), there)
        self.assertGreater(report["bytes"]["files"], self._BIG)
        self.assertLess(report["bytes"]["images"], self._BIG / 10)
        self.assertNotIn("/run/wayferry/term", self.alpha.must("cat", "/proc/mounts"))


class ForeignSockets(LabTest):
    """An app that is connected to somebody outside."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.must("mkdir", _SOUNDS)
        self.addCleanup(self.alpha.must, "rm", "-r", _SOUNDS)
        self.alpha.start("python3", "-c", _SERVER, log="sounds")
        self.addCleanup(self.alpha.run, "pkill", "-f", f"{_SOUNDS}/native")
        self.alpha.wait_for_socket(f"{_SOUNDS}/native")
        self.stop_later("client")
        base = [*self.alpha.app_base, "--volume", f"{_SOUNDS}:/sounds"]
        self.alpha.wayferry("run", "--name", "client", *base, "--", "python3", "-c", _CLIENT)
        self.alpha.wait_for_log("client", "connected")

    def demand_connection(self) -> None:
        """The client hears what the server says, still."""
        self.alpha.must("touch", f"{_SOUNDS}/say")
        self.alpha.wait_for_log("client", "heard b'x'\nlives")
        self.assertEqual(self.alpha.session_state("client"), "running")

    def test_unmoved_it_hears_what_is_said(self) -> None:
        self.demand_connection()

    def test_they_are_named_before_anything_stands_still(self) -> None:
        said = self.alpha.wayferry_fails("move", "client", "beta", "--shared", "all")
        self.assertIn("the app is connected to what stays behind: python3 (process ", said)
        self.assertIn(f"{_SOUNDS}/native", said)
        self.assertIn("--close-foreign", said)
        self.demand_connection()

    def test_closed_by_request_the_app_sees_the_end_and_lives(self) -> None:
        report = self.alpha.wayferry_json("move", "client", "beta", "--shared", "all", "--close-foreign")
        self.beta.wait_for_log("client", "heard b''\nlives")
        self.assertEqual(self.beta.session_state("client"), "running")
        (note,) = [line for line in report["notes"] if line.startswith("closed:")]
        self.assertRegex(note, rf"closed: the connection of python3 \(process \d+\) to {_SOUNDS}/native")

    def test_a_move_that_fails_closes_nothing(self) -> None:
        options = ("--shared", "all", "--close-foreign")
        self.alpha.wayferry_fails("move", "client", "beta", *options, env={"WAYFERRY_FAIL_AT": "target:ready"})
        self.demand_connection()

    def test_in_a_file_they_are_closed_too(self) -> None:
        self.alpha.must("rm", "-f", "/root/client.ferry")
        self.addCleanup(self.alpha.run, "rm", "-rf", "/root/client.ferry", f"{_SOUNDS}.carried")
        self.alpha.wayferry("freeze", "client", "/root/client.ferry", "--carry", "all", "--close-foreign")
        self.alpha.wayferry("thaw", "/root/client.ferry")
        self.alpha.wait_for_log("client", "heard b''\nlives")


class SessionBus(LabTest):
    """--dbus gives the app a session bus of its own, which moves with it."""

    def test_it_answers_before_and_after_a_move(self) -> None:
        self.alpha.app_base = [*self.alpha.app_base, "--dbus"]
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base[:-1])
        terminal = Terminal(self)
        ask = "dbus-send --session --print-reply=literal --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetId"
        bus = self.alpha.ask_shell(ask)
        self.assertTrue(bus)
        terminal.move(self.alpha, self.beta)
        self.assertEqual(self.beta.ask_shell(ask), bus)
        terminal.demand_living(self.beta)
