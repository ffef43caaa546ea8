# SPDX-License-Identifier: MIT
"""A session's life beside its moves: what is printed, what is written, how it ends, what is refused."""

from __future__ import annotations

import json
from typing import ClassVar

from harness import LabHost, LabTest, Terminal, wait_until
from harness.labhost import LIMIT
from testbed import places
from testbed.host import SHARED_FOLDER

_ROOTFS = ("--rootfs", places.INNER_DESKTOP)


# Prints the ticks of a timer that has come due while it was frozen, if it was frozen.
_TICKER = """
import os
timer = os.timerfd_create(1)
os.timerfd_settime(timer, initial=0.02, interval=0.02)
while True:
    os.read(timer, 8)
    print("tick", flush=True)
"""


# Begins other programs all the time, and minds nothing.
_LOOP = "while :; do sleep 0.05; done"

# Does not mind that it should end, but its child does, which needs a moment to put things in order.
_CAREFUL = '''
import os, signal, time
def put_in_order(*_):
    time.sleep(0.3)
    open("/var/tmp/in-order", "w").close()
    os._exit(0)
if os.fork() == 0:
    signal.signal(signal.SIGTERM, put_in_order)
    print("ready", flush=True)
while True: time.sleep(1)
'''


class Unmoved(LabTest):
    """On the host on which it was started."""

    MOVED: ClassVar[bool] = False

    def setUp(self) -> None:
        super().setUp()
        self.terminal = Terminal(self)

    def travel(self) -> LabHost:
        """Moves the terminal, if this class moves; where it is then."""
        if not self.MOVED:
            return self.alpha
        self.terminal.move(self.alpha, self.beta)
        return self.beta

    def test_written_files_are_there(self) -> None:
        script = "cd /root; echo kept > file; ln -s file link; ln file twin; mkdir -m 700 folder; rm /etc/issue"
        self.alpha.ask_shell(script)
        here = self.travel()
        self.assertEqual(here.ask_shell("cat /root/link"), "kept")
        self.assertEqual(here.ask_shell("stat -c %h /root/twin"), "2")
        self.assertEqual(here.ask_shell("stat -c %a /root/folder"), "700")
        self.assertEqual(here.ask_shell("ls /etc/issue || echo gone"), "gone")

    def test_an_open_file_keeps_its_place(self) -> None:
        self.alpha.ask_shell("printf 'one\\ntwo\\nthree\\n' > /root/lines; exec 5< /root/lines 6>> /root/log")
        self.assertEqual(self.alpha.ask_shell("read -u5 line; echo $line; echo before >&6"), "one")
        here = self.travel()
        self.assertEqual(here.ask_shell("read -u5 line; echo $line; echo after >&6"), "two")
        self.assertEqual(here.ask_shell("cat /root/log").split(), ["before", "after"])

    def test_a_deleted_file_that_is_open_lives(self) -> None:
        self.alpha.ask_shell("echo ghost > /root/gone; exec 7< /root/gone; rm /root/gone")
        here = self.travel()
        self.assertEqual(here.ask_shell("cat <&7; ls /root/gone 2>/dev/null"), "ghost")

    def test_private_folders_keep_what_is_in_them(self) -> None:
        self.alpha.ask_shell("echo a > /tmp/x; echo b > /dev/shm/x; echo c > $XDG_RUNTIME_DIR/x")
        here = self.travel()
        self.assertEqual(here.ask_shell("cat /tmp/x /dev/shm/x $XDG_RUNTIME_DIR/x").split(), ["a", "b", "c"])

    def test_children_pipes_and_jobs_go_on(self) -> None:
        self.alpha.ask_shell("mkfifo /tmp/in; (while read line; do echo heard $line; done < /tmp/in) > /tmp/heard & :")
        self.alpha.ask_shell("exec 8> /tmp/in; echo one >&8")
        here = self.travel()
        self.assertEqual(here.ask_shell("echo two >&8; exec 8>&-; wait; cat /tmp/heard").split("\n")[-1], "heard two")

    def test_logs_show_what_it_prints(self) -> None:
        here = self.travel()
        here.ask_shell("echo 'to the log' > /proc/1/fd/2")
        here.wait_for_log(self.terminal.name, "to the log")

    def test_inspect_prints_json(self) -> None:
        here = self.travel()
        state = json.loads(here.wayferry("inspect", self.terminal.name))
        self.assertEqual(len(state["connections"]), 1)
        self.assertIn("xdg_wm_base", state["connections"][0]["globals"])
        self.terminal.demand_living(here)

    def test_ps_lists_it(self) -> None:
        here = self.travel()
        (session,) = here.wayferry_json("ps")
        self.assertEqual(session["state"], "running")
        self.assertEqual(session["monitor"]["connections"], 1)
        self.assertIn(self.terminal.name, here.wayferry("ps"))

    def test_an_app_that_ends_by_itself_is_forgotten(self) -> None:
        here = self.travel()
        empty_again = here.shot()
        here.type("exit\n")
        here.wait_for_change(empty_again)
        self.demand_gone(here)

    def test_stop_ends_it(self) -> None:
        here = self.travel()
        here.wayferry("stop", self.terminal.name)
        self.assertEqual(here.sessions(), [])
        self.demand_gone(here)

    def demand_gone(self, here: LabHost) -> None:
        wait_until(lambda: not here.sessions() and not here.pids("foot"), LIMIT, "the session to vanish")
        said = here.wayferry_fails("logs", self.terminal.name)
        self.assertIn("there is no session 'term'", said)


class Moved(Unmoved):
    """After a move to beta."""

    MOVED = True


class Timer(LabTest):
    """A periodic timer, of a program without a window."""

    NAME: ClassVar[str] = "ticker"

    def setUp(self) -> None:
        super().setUp()
        self.stop_later(self.NAME)
        self.alpha.wayferry("run", "--name", self.NAME, *_ROOTFS, "--", "python3", "-c", _TICKER)
        self.demand_ticking(self.alpha)

    def demand_ticking(self, here: LabHost) -> None:
        """It ticks, and not only once for what it missed."""
        before = here.wayferry("logs", self.NAME).count("tick")
        wait_until(lambda: here.wayferry("logs", self.NAME).count("tick") > before + 20, LIMIT, "the timer to go on")

    def test_unmoved_it_goes_on(self) -> None:
        self.demand_ticking(self.alpha)

    def test_moved_it_goes_on(self) -> None:
        for mode in ("eager", "lazy"):
            with self.subTest(mode):
                self.alpha.wayferry("move", self.NAME, "beta", "--mode", mode)
                self.demand_ticking(self.beta)
                self.beta.wayferry("move", self.NAME, "alpha", "--mode", mode)


class Stopped(LabTest):
    """Programs without a window that are told to end."""

    NAME: ClassVar[str] = "stopped"

    def setUp(self) -> None:
        super().setUp()
        self.stop_later(self.NAME)

    def run_and_await(self, word: str, *program: str) -> None:
        shared = ["--volume", f"{SHARED_FOLDER}:/var/tmp"]
        self.alpha.wayferry("run", "--name", self.NAME, *_ROOTFS, *shared, "--", *program)
        self.alpha.wait_for_log(self.NAME, word)

    def test_who_would_have_ended_is_not_waited_for(self) -> None:
        self.run_and_await("ready", "sh", "-c", f"echo ready; {_LOOP}")
        self.alpha.wayferry("stop", self.NAME, limit=4.0)  # the time that it would get to put things in order is 5 s

    def test_who_puts_things_in_order_is_given_the_time(self) -> None:
        self.addCleanup(self.alpha.must, "rm", "-f", f"{SHARED_FOLDER}/in-order")
        self.run_and_await("ready", "python3", "-c", _CAREFUL)
        self.alpha.wayferry("stop", self.NAME)
        self.alpha.must("ls", f"{SHARED_FOLDER}/in-order")


class AnotherUser(LabTest):
    """An app that is not root."""

    WHO: ClassVar[list[str]] = ["--user", "1234:55"]

    def test_it_is_that_user_here_and_there(self) -> None:
        self.addCleanup(setattr, self.alpha, "app_base", self.alpha.app_base)
        # Nobody's number has no shell of its own.
        self.alpha.app_base = [*self.alpha.app_base, *self.WHO, "--env", "SHELL=/bin/bash"]
        terminal = Terminal(self)
        question = (
            "echo $UID ${GROUPS[0]} $HOME; stat -c %u:%g:%a $XDG_RUNTIME_DIR;"
            " echo kept >> $XDG_RUNTIME_DIR/mine; cat $XDG_RUNTIME_DIR/mine; touch /etc/x 2> /dev/null || echo not root"
        )
        who = "1234 55 /\n1234:55:700\n"
        self.assertEqual(self.alpha.ask_shell(question), who + "kept\nnot root")
        terminal.move(self.alpha, self.beta)
        self.assertEqual(self.beta.ask_shell(question), who + "kept\nkept\nnot root")


class Refused(LabTest):
    """Command lines that are wrong, and what is said of them."""

    def refuse(self, *argv: str, words: tuple[str, ...], code: int = 1) -> None:
        said = self.alpha.wayferry_fails(*argv, code=code)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(self.alpha.sessions(), [])

    def test_names_that_are_no_names(self) -> None:
        for name in ("../up", ".hidden", "a b", "x" * 41, "-dash", "naïve", "a/b"):
            with self.subTest(name):
                self.refuse("run", f"--name={name}", *_ROOTFS, "--", "true", words=("cannot be the name of a session",))

    def test_sessions_that_are_not_there(self) -> None:
        for verb in (("stop",), ("logs",), ("inspect",), ("resolve",)):
            with self.subTest(verb[0]):
                self.refuse(*verb, "nobody", words=("there is no session 'nobody'",))
        self.refuse("move", "nobody", "beta", words=("there is no session 'nobody'",))

    def test_run_without_what_it_needs(self) -> None:
        self.refuse("run", "--", "true", words=("cure: give --rootfs or --image",))
        self.refuse("run", *_ROOTFS, words=("there is no program to run", "cure: name it after --"))
        self.refuse("run", *_ROOTFS, "--user", "nobody-here", "--", "true", words=("no user nobody-here", "cure:"))
        self.refuse("run", "--rootfs", "/nowhere", "--", "true", words=("/nowhere",), code=2)
        self.refuse("run", "--image", "/nowhere", "--", "true", words=("there is no image at /nowhere",))
        self.refuse("run", "--engine", "podmann", *_ROOTFS, "--", "true", words=("--engine",), code=2)
        self.refuse("run", "--display", "wayland-9", *_ROOTFS, "--", "true", words=("no compositor answers",))

    def test_a_program_that_is_not_there(self) -> None:
        self.refuse("run", *_ROOTFS, "--", "no-such-program", words=("no-such-program",))

    def test_unknown_verbs_and_options(self) -> None:
        self.refuse("teleport", words=("Run with --help",), code=2)
        self.refuse("move", "--faster", "a", "beta", words=("--faster",), code=2)
        self.refuse("move", "a", words=("host",), code=2)

    def test_a_program_that_ends_at_once_leaves_nothing(self) -> None:
        self.alpha.must("wayferry", "run", *_ROOTFS, "--", "foot", "--no-such-option")
        wait_until(lambda: not self.alpha.sessions(), LIMIT, "the session to vanish")

    def test_two_of_one_name(self) -> None:
        terminal = Terminal(self)
        said = self.alpha.wayferry_fails("run", "--name", terminal.name, *_ROOTFS, "--", "true")
        self.assertIn("there is a session 'term' already", said)
        terminal.demand_living(self.alpha)
