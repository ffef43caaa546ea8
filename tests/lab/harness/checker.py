# SPDX-License-Identifier: MIT
"""A program without a window whose memory proves itself: content that an independent formula says, compared all
the time, so that one wrong page anywhere is seen."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from testbed import places
from testbed.wait import wait_until

if TYPE_CHECKING:
    from .labhost import LabHost

# Fills its memory with what no compression makes smaller, then either reads all of it again and again (BUSY), or one
# block every 20 ms until /tmp/go is there. Every second block stays zero. It writes what it found to /tmp/state:
# rounds, wrong blocks, the longest time it stood still.
_PROGRAM = """
import json, os, random, sys, time
size, busy = int(sys.argv[1]) << 20, sys.argv[2] == "1"
block = 1 << 16
def content(i): return bytes(block) if i % 2 else random.Random(i).randbytes(block)
memory = bytearray(size)
for i in range(0, size // block, 2): memory[i * block:(i + 1) * block] = content(i)
rounds = wrong = 0
longest = 0.0
last = time.clock_gettime(time.CLOCK_REALTIME)
def look(i):
    global wrong, longest, last
    if memory[i * block:(i + 1) * block] != content(i): wrong += 1
    now = time.clock_gettime(time.CLOCK_REALTIME)
    longest, last = max(longest, now - last), now
def write():
    with open("/tmp/state.new", "w") as file: json.dump([rounds, wrong, longest], file)
    os.rename("/tmp/state.new", "/tmp/state")
write()
print("ready", flush=True)
while not busy and not os.path.exists("/tmp/go"):
    look(random.randrange(size // block))
    write()
    time.sleep(0.02)
while True:
    for i in range(size // block): look(i)
    rounds += 1
    write()
"""


class Checker:
    """One such program under wayferry."""

    def __init__(self, name: str, host: LabHost, megabytes: int, *, busy: bool) -> None:
        self.name = name
        program = ["python3", "-c", _PROGRAM, str(megabytes), "1" if busy else "0"]
        host.wayferry("run", "--name", name, "--rootfs", places.INNER_DESKTOP, "--", *program)
        # Gigabytes of content take a while on a busy machine.
        wait_until(lambda: "ready" in host.wayferry("logs", name), 180.0, f"{name} to fill its memory")

    def state(self, host: LabHost) -> tuple[int, int, float]:
        """What it wrote last: rounds, wrong blocks, longest standstill."""
        said = host.run("cat", f"{self._root(host)}/tmp/state")
        return tuple(json.loads(said.stdout)) if said.returncode == 0 else (0, 0, 0.0)

    def wait_for_rounds(self, host: LabHost, more: int, limit: float = 60.0) -> tuple[int, int, float]:
        """Waits until it has read all its memory this often again."""
        before = self.state(host)[0]
        wait_until(lambda: self.state(host)[0] >= before + more, limit, f"{self.name} on {host.name} to go round")
        return self.state(host)

    def check_all(self, host: LabHost) -> int:
        """Lets an idle one read all its memory twice; the wrong blocks it has ever found."""
        host.must("touch", f"{self._root(host)}/tmp/go")
        return self.wait_for_rounds(host, 2, limit=180.0)[1]

    def _root(self, host: LabHost) -> str:
        sessions = host.wayferry_json("ps")
        pids = [one["init_pid"] for one in sessions if one["container"]["name"] == self.name]
        return f"/proc/{pids[0] if pids else 0}/root"
