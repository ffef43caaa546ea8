# SPDX-License-Identifier: MIT
"""An app that does not read: its compositor never cuts it off, and the monitor's memory stays bounded."""

from __future__ import annotations

import json

from harness import LabTest, Terminal, wait_until
from harness.labhost import LIMIT

# Enough to fill the socket (a few hundred events) several times over.
_ROUNDS = 40

# What is typed begins a comment: however much of it stays, the shell makes nothing of it.
_LETTERS = 3000

_MEGABYTE = 1024 * 1024

# What may wait for one app (src/monitor/backlog.h), with what an allocator keeps of it.
_BOUND = 3 * _MEGABYTE


class SlowApp(LabTest):
    """foot is stopped while the pointer goes over it, clicks and types."""

    HOSTS = ["alpha"]

    def setUp(self) -> None:
        self.alpha = self.beta = self.lab.hosts["alpha"]

    def memory(self) -> int:
        """Bytes that the session's monitor holds."""
        session = json.loads(self.alpha.wayferry("ps", "--json"))[0]
        status = self.alpha.must("cat", f"/proc/{session['monitor_pid']}/status")
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))) * 1024

    def wiggle(self) -> None:
        """Some thousand motions, with the buttons and the wheel of impatience."""
        script = f"""
            for i in $(seq {_ROUNDS}); do
                for x in 100 300 500 700 900 1100; do
                    lab-seat point $x $((i * 10)); lab-seat scroll 1
                done
                lab-seat click left
            done
        """
        self.alpha.must("env", *(f"{k}={v}" for k, v in self.alpha.desktop.screen.items()), "sh", "-c", script)

    def stop_app(self) -> int:
        pid = self.alpha.pids("foot")[0]
        self.alpha.must("kill", "-STOP", str(pid))
        self.addCleanup(self.alpha.run, "kill", "-CONT", str(pid))
        return pid

    def end_line(self) -> None:
        """Presses Return until one arrives: what is typed while the keyboard's buffer is full is left out.

        The shell has read all before it then, so there is room for what is typed next.
        """

        def arrived() -> bool:
            self.alpha.key("Return")
            return self.alpha.take_from_shell("prompted")

        wait_until(arrived, LIMIT, "the shell's next prompt")

    def demand_it_goes_on(self, terminal: Terminal, pid: int) -> None:
        terminal.demand_running()
        wait_until(lambda: self.alpha.pids("foot") == [pid], 5.0, "the same foot")

    def test_a_stopped_app_is_not_cut_off(self) -> None:
        terminal = Terminal(self)
        before = self.memory()
        pid = self.stop_app()
        for _ in range(3):
            self.wiggle()
        self.assertLess(self.memory() - before, _BOUND, "the monitor's memory while the app does not read")
        self.alpha.must("kill", "-CONT", str(pid))
        self.demand_it_goes_on(terminal, pid)

    def test_what_is_typed_into_a_stopped_app_waits_for_it(self) -> None:
        terminal = Terminal(self)
        self.alpha.ask_shell("PROMPT_COMMAND='touch /tmp/prompted'")
        wait_until(lambda: self.alpha.take_from_shell("prompted"), LIMIT, "the shell's first prompt")
        before = self.memory()
        pid = self.stop_app()
        self.alpha.type("# ")
        for _ in range(3):
            self.alpha.type("x" * (_LETTERS // 3))
            self.wiggle()
        grown = self.memory() - before
        self.assertLess(grown, _BOUND, "the monitor's memory while the app does not read")
        self.alpha.must("kill", "-CONT", str(pid))
        self.end_line()
        self.demand_it_goes_on(terminal, pid)
