# SPDX-License-Identifier: MIT
"""Memory that follows: apps move lazily, with and without a window, and every byte comes over.

Whatever is asserted of the moved app is asserted of one that was not moved, by the same method.
"""

from __future__ import annotations

import json
from typing import Any

from harness import LabHost, LabTest, wait_until
from testbed import places

_NAME = "lazy"

# Fills its memory with what an independent formula says, then reads all of it again and again. Every round it
# writes what it found to /tmp/state: rounds, wrong pages, the longest time it stood still.
_CHECKER = """
import hashlib, json, os, sys, time
size = int(sys.argv[1]) << 20
block = 1 << 16
def content(i): return hashlib.sha256(b"%d" % i).digest() * (block // 32)
memory = bytearray(size)
for i in range(0, size // block, 2): memory[i * block:(i + 1) * block] = content(i)  # the others stay zero
rounds = wrong = 0
longest = 0.0
last = time.clock_gettime(time.CLOCK_REALTIME)
while True:
    for i in range(size // block):
        found = memory[i * block:(i + 1) * block]
        if found != (bytes(block) if i % 2 else content(i)): wrong += 1
        now = time.clock_gettime(time.CLOCK_REALTIME)
        longest, last = max(longest, now - last), now
    rounds += 1
    with open("/tmp/state.new", "w") as file: json.dump([rounds, wrong, longest], file)
    os.rename("/tmp/state.new", "/tmp/state")
"""


class Lazy(LabTest):
    """A process that checks all its memory, and a terminal."""

    def setUp(self) -> None:
        super().setUp()
        for host in (self.alpha, self.beta):
            self.addCleanup(self.stop_if_there, host)

    def stop_if_there(self, host: LabHost) -> None:
        if _NAME in host.sessions():
            host.wayferry("stop", _NAME)

    def start_checker(self, megabytes: int) -> None:
        program = ["python3", "-c", _CHECKER, str(megabytes)]
        self.alpha.wayferry("run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--", *program)
        self.wait_for_rounds(self.alpha, 1)

    def state(self, host: LabHost) -> tuple[int, int, float]:
        """What the checker wrote last: rounds, wrong blocks, longest standstill."""
        (session,) = host.wayferry_json("ps")
        said = host.run("cat", f"/proc/{session['init_pid']}/root/tmp/state")
        return tuple(json.loads(said.stdout)) if said.returncode == 0 else (0, 0, 0.0)

    def wait_for_rounds(self, host: LabHost, more: int) -> tuple[int, int, float]:
        """Waits until the checker has read all its memory this often again."""
        before = self.state(host)[0]
        wait_until(lambda: self.state(host)[0] >= before + more, 60.0, f"the checker on {host.name} to go round")
        return self.state(host)

    def move(self, source: LabHost, target: LabHost) -> Any:
        return source.wayferry_json("move", _NAME, target.name, "--mode", "lazy")

    def test_unmoved_its_memory_is_right(self) -> None:
        self.start_checker(256)
        self.assertEqual(self.wait_for_rounds(self.alpha, 2)[1], 0)

    def test_moved_there_and_back_its_memory_is_right(self) -> None:
        self.start_checker(256)
        here, there = self.alpha, self.beta
        for _ in range(6):
            report = self.move(here, there)
            drain = report["drain"]
            # Half of the blocks were never written; what was is there, each page once.
            self.assertGreater(drain["pages"], 128 * 256)
            self.assertGreaterEqual(drain["fault_pages"] + drain["bulk_pages"] + drain["zero_pages"], drain["pages"])
            here, there = there, here
            # A whole round began and ended on this host.
            self.assertEqual(self.wait_for_rounds(here, 2)[1], 0)

    def test_its_memory_is_not_in_the_images(self) -> None:
        self.start_checker(256)
        report = self.move(self.alpha, self.beta)
        self.assertLess(report["bytes"]["pages"], 16 << 20)

    def test_a_rate_limit_is_kept(self) -> None:
        # It sleeps: pages that an app asks for are not held back, so one that touches them all proves nothing.
        sleeper = "import os, time\nmemory = os.urandom(24 << 20)\nprint('ready', flush=True)\ntime.sleep(600)"
        self.alpha.wayferry("run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--", "python3", "-c", sleeper)
        self.alpha.wait_for_log(_NAME, "ready")
        rate = 16e6
        drain = self.alpha.wayferry_json("move", _NAME, "beta", "--mode", "lazy", "--limit-rate", "16MB")["drain"]
        self.assertGreater(drain["wire_bytes"], 24 << 20)
        self.assertGreater(drain["ms"], drain["wire_bytes"] / rate * 1000 * 0.8)

    def check_terminal(self, move: bool) -> None:
        self.alpha.run_app(_NAME, "foot", "-o", "cursor.blink=no", env={"PS1": "$ "})
        self.alpha.type_and_see("PS1='$ '; clear\n")
        shell, _ = self.alpha.ask_shell("echo $$"), self.alpha.ask_shell("carried=yes")
        before = self.alpha.type_and_see("for i in $(seq 200); do echo line $i of 200; done\n")
        here = self.alpha
        if move:
            empty = self.beta.shot()
            self.move(self.alpha, self.beta)
            here = self.beta
            after = here.wait_for_change(empty)
            self.assertEqual(before.differences(after), 0, f"they differ in {before.box_of_differences(after)}")
        self.assertEqual(here.ask_shell("echo $$"), shell)
        self.assertEqual(here.ask_shell("echo $carried"), "yes")

    def test_an_unmoved_terminal_goes_on(self) -> None:
        self.check_terminal(move=False)

    def test_a_moved_terminal_goes_on(self) -> None:
        self.check_terminal(move=True)
