# SPDX-License-Identifier: MIT
"""Memory that follows: apps move lazily, with and without a window, and every byte comes over.

Whatever is asserted of the moved app is asserted of one that was not moved, by the same method.
"""

from __future__ import annotations

import json
import re
from concurrent import futures
from typing import Any

from harness import LabHost, LabTest, faults, wait_until
from harness.checker import Checker
from testbed import places
from testbed.host import SHARED_FOLDER

_NAME = "lazy"

# The second document's own case.
_LOOP = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done"

# Does to its memory what the kernel tells nobody but us: a child that reads all, a move of the mapping, a part given
# back, a part unmapped. It begins when /tmp/go is there and writes what was wrong to /tmp/state.
_SHAPER = """
import ctypes, json, mmap, os, random, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mremap.restype = libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mremap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
block, count = 1 << 16, 512
size = block * count
content = lambda i: random.Random(i).randbytes(block)
base = libc.mmap(None, size, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
for i in range(count): ctypes.memmove(base + i * block, content(i), block)
print("ready", flush=True)
while not os.path.exists("/tmp/go"): time.sleep(0.02)
def wrong(base, blocks): return sum(ctypes.string_at(base + i * block, block) != content(i) for i in blocks)
child = os.fork()
if child == 0: os._exit(min(wrong(base, range(count)), 255))
moved = libc.mremap(base, size, 2 * size, 1)
libc.madvise(moved + 100 * block, 50 * block, mmap.MADV_DONTNEED)
libc.munmap(moved + 200 * block, 50 * block)
bad = wrong(moved, [*range(100), *range(150, 200), *range(250, count)])
bad += sum(ctypes.string_at(moved + i * block, block) != bytes(block) for i in range(100, 150))
ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
with open("/tmp/state.new", "w") as file:
    json.dump({"moved": moved != base, "child": ended, "parent": bad}, file)
os.rename("/tmp/state.new", "/tmp/state")
time.sleep(600)
"""

# Waits in pause(2) with its stack pointer at the beginning of a page, and needs exactly that pointer to go on: push rbp;
# mov rbp, rsp; sub rsp, 64; and rsp, -4096; mov [rsp], rbp; mov eax, 34; syscall; mov rsp, [rsp]; pop rbp; ret.
# Each time that SIGUSR1 wakes it, it says how its memory is.
_ALIGNED = """
import ctypes, hashlib, mmap, os, signal
code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
code.write(bytes.fromhex("554889e54883ec404881e400f0ffff48892c24b8220000000f05488b24245dc3"))
pause = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
memory = os.urandom(8 << 20)
signal.signal(signal.SIGUSR1, lambda *_: None)
awake = 0
while True:
    print("awake", awake, hashlib.sha256(memory).hexdigest(), flush=True)
    awake += 1
    pause()
"""

# Says each time that SIGUSR1 wakes it what content() is. One that comes before it waits is not lost.
_ASKED = """
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
awake = 0
while True:
    print("awake", awake, content(), flush=True)
    awake += 1
    signal.sigwait([signal.SIGUSR1])
"""

# The same of its memory.
_SAYING = "\ndef content(): return hashlib.sha256(memory).hexdigest()" + _ASKED

# Memory that is locked.
_LOCKED = """
import ctypes, hashlib, mmap, os, signal
memory = mmap.mmap(-1, 4 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[:] = os.urandom(4 << 20)
start = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory)))
if ctypes.CDLL(None).mlock(start, 4 << 20) != 0: raise OSError("mlock")""" + _SAYING

# Mappings of every kind that CRIU restores in its own way, large and small, and a large heap that grows, with content
# that must come over.
_ADVISED = """
import ctypes, hashlib, mmap, os, signal
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = libc.sbrk.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
libc.sbrk.argtypes = [ctypes.c_long]
private, noreserve, growsdown, locked = 0x22, 0x4000, 0x100, 0x2000
dontfork, mergeable, hugepage, nohugepage, dontdump = 10, 12, 14, 15, 16
def grow(size):
    at = libc.sbrk(size)
    if at == 2**64 - 1: raise OSError(ctypes.get_errno(), "heap")
    ctypes.memset(at, 255, size)
    return at, size
base, kept = 0x200000000000, [grow(32 << 20)]
for size in (1 << 20, 32 << 20):
    for kind, advice in [(0, 0), (noreserve, 0), (growsdown, 0), (locked, 0), (0, dontfork), (0, mergeable),
                         (0, hugepage), (0, nohugepage), (0, dontdump)]:
        if kind == locked and size > 1 << 20: continue  # more than a container may lock
        at = libc.mmap(base, size, 3, private | kind | 0x100000, -1, 0)
        if at != base or libc.madvise(at, size, advice) != 0: raise OSError(ctypes.get_errno(), "memory")
        ctypes.memset(at, len(kept) + 1, 8192)
        ctypes.memset(at + size - 8192, len(kept) + 1, 8192)
        kept.append((at, size))
        base += 1 << 32
def content():
    whole = hashlib.sha256()
    for at, size in kept: whole.update(ctypes.string_at(at, 65536) + ctypes.string_at(at + size - 65536, 65536))
    return whole.hexdigest()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
awake = 0
while True:
    print("awake", awake, content(), flush=True)
    awake += 1
    signal.sigwait([signal.SIGUSR1])
    grow(1 << 20)
"""

# Content before and behind a page that nobody may touch (MADV_GUARD_INSTALL), as glibc has them below the stacks of
# threads since 2.42.
_GUARDED = """
import ctypes, hashlib, mmap, os, signal
memory = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory[:] = os.urandom(1 << 20)
guard = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(memory)) + (64 << 12))
if ctypes.CDLL(None).madvise(guard, 1 << 12, 102) != 0: raise OSError("madvise")
def content(): return hashlib.sha256(memory[:64 << 12] + memory[65 << 12:]).hexdigest()""" + _ASKED

# Fills memory and gives it back again and again, and is never to find in it what it gave back.
_FICKLE = """
import mmap, os, signal, time
piece = 4 << 20
memory = mmap.mmap(-1, 2 * piece, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
content, nothing = os.urandom(piece), bytes(piece)
memory[piece:] = content
asked = answered = wrong = 0
def ask(*_):
    global asked
    asked += 1
signal.signal(signal.SIGUSR1, ask)
while True:
    memory[:piece] = content
    wrong += memory[:piece] != content
    memory.madvise(mmap.MADV_DONTNEED, 0, piece)
    wrong += memory[:piece] != nothing or memory[piece:] != content
    if answered < asked:
        answered += 1
        print(f"answer {answered}: {wrong} wrong", flush=True)
"""

# Memory that does not change.
_SLEEPER = "import hashlib, os, signal\nmemory = os.urandom(64 << 20)" + _SAYING

# Makes a file in a folder that the base has and it has changed nothing in, when it is told to; then says what is in it.
_LATE = """
import os, signal
memory = os.urandom(16 << 20)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
print("ready", flush=True)
signal.sigwait([signal.SIGUSR1])
file = open("/var/late", "w+")
file.write("here")
file.flush()
print("made", flush=True)
while True:
    signal.sigwait([signal.SIGUSR1])
    file.seek(0)
    print("late file:", file.read(), flush=True)
"""

# 150 processes that do nothing.
_MANY = """
import os, signal
for _ in range(149):
    if os.fork() == 0: signal.pause()
print("all are there", flush=True)
signal.pause()
"""

# As many processes, with 256 MB each that all share, as the machine has no memory for if they did not.
_SHARING = """
import os, signal
memory = os.urandom(256 << 20)
sizes = dict(line.split(":") for line in open("/proc/meminfo"))
total = sum(int(sizes[name].split()[0]) << 10 for name in ("MemTotal", "SwapTotal"))
for _ in range(total // len(memory) + 1):
    if os.fork() == 0: signal.pause()
print("all are there", flush=True)
signal.pause()
"""

# 64 MB that no compression makes smaller, shared, of which it changes the first page all the time.
_POOL = """
import hashlib, mmap, os, time
size = 64 << 20
fd = os.memfd_create("pool")
os.ftruncate(fd, size)
pool = mmap.mmap(fd, size)
pool[:] = os.urandom(size)
i = 0
while True:
    i += 1
    pool[0:8] = i.to_bytes(8, "little")
    if i % 200 == 1: print("digest", hashlib.sha256(memoryview(pool)[4096:]).hexdigest(), flush=True)
    time.sleep(0.001)
"""


class Lazy(LabTest):
    """A process that checks all its memory, one that does nothing else, and a terminal."""

    def setUp(self) -> None:
        super().setUp()
        self.stop_later(_NAME)

    def checker(self, megabytes: int, *, busy: bool = True) -> Checker:
        """A checker on alpha."""
        return Checker(_NAME, self.alpha, megabytes, busy=busy)

    def run_headless(self, *program: str) -> None:
        """Starts a program without a window on alpha."""
        self.alpha.wayferry("run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--", *program)

    def move(self, source: LabHost, target: LabHost, *options: str) -> Any:
        """Moves it, lazily without being asked for."""
        report = source.wayferry_json("move", _NAME, target.name, *options)
        self.assertEqual(report["mode"], "lazy", report["why_eager"])
        return report

    def demand_all_arrived(self, report: Any) -> None:
        """Every page that the checkpoint had left out; one that the app gave back may have arrived nevertheless."""
        drain = report["drain"]
        self.assertLessEqual(drain["arrived_pages"], drain["source_pages"])
        self.assertGreaterEqual(drain["arrived_pages"] + drain["dropped_pages"], drain["source_pages"])

    def read_state(self, host: LabHost) -> Any:
        """What a program without a window wrote to its /tmp/state; None if nothing yet."""
        (session,) = host.wayferry_json("ps")
        said = host.run("cat", f"/proc/{session['init_pid']}/root/tmp/state")
        return json.loads(said.stdout) if said.returncode == 0 else None

    def go(self, host: LabHost) -> Any:
        """Lets the shaper begin; what it found."""
        (session,) = host.wayferry_json("ps")
        host.must("touch", f"/proc/{session['init_pid']}/root/tmp/go")
        wait_until(lambda: self.read_state(host), 60.0, f"the shaper on {host.name}")
        return self.read_state(host)

    def test_unmoved_its_memory_is_right(self) -> None:
        checker = self.checker(256)
        self.assertEqual(checker.wait_for_rounds(self.alpha, 2)[1], 0)

    def test_twenty_moves_there_and_back(self) -> None:
        checker = self.checker(64)
        here, there = self.alpha, self.beta
        for _ in range(20):
            self.demand_all_arrived(self.move(here, there))
            here, there = there, here
            # A whole round began and ended on this host.
            self.assertEqual(checker.wait_for_rounds(here, 2)[1], 0)

    def test_more_processes_than_descriptors(self) -> None:
        """Its mover needs some for each of them, and has few to begin with, as most logins do."""
        few = ("sh", "-c", 'ulimit -Sn 300; exec wayferry "$@"', "sh")
        self.alpha.must(*few, "run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--", "python3", "-c", _MANY)
        self.alpha.wait_for_log(_NAME, "all are there")
        monitor = self.alpha.must("sh", "-c", f"cat /proc/$(pgrep -f 'wayferry-monitor {_NAME}$')/limits")
        self.assertRegex(monitor, "Max open files +")
        self.assertNotRegex(monitor, "Max open files +300 ")
        report = json.loads(self.alpha.must(*few, "move", _NAME, "beta", "--json"))
        self.assertEqual(report["mode"], "lazy", report["why_eager"])
        self.demand_all_arrived(report)
        (session,) = self.beta.wayferry_json("ps")
        self.assertRegex(self.beta.must("cat", f"/proc/{session['init_pid']}/limits"), r"Max open files +300 ")

    def test_more_memory_than_the_target_has(self) -> None:
        """Its processes share most of it, which they could not there: no loss is to be risked, whatever is free here."""
        self.run_headless("python3", "-c", _SHARING)
        self.alpha.wait_for_log(_NAME, "all are there")
        said = self.alpha.wayferry_fails("move", _NAME, "beta")
        self.assertRegex(said, r"(?s)beta: the app's memory needs [0-9]+ MB there.*--mode eager")
        (session,) = self.alpha.wayferry_json("ps")
        self.assertEqual(session["state"], "running")
        self.assertEqual(self.beta.wayferry_json("ps"), [])

    def peak_memory(self, host: LabHost, command: str) -> int:
        """Of the one process whose command line begins so, the most that it has ever had in memory, in KB; 0 if none."""
        status = host.run("sh", "-c", f"cat /proc/$(pgrep -o -f '^{command}')/status").stdout.decode()
        peak = re.search(r"VmHWM:\s*(\d+) kB", status)
        return int(peak[1]) if peak else 0

    def move_and_watch_memory(self) -> tuple[Any, int, int]:
        """Moves it to beta; the report, and the peaks of who leads the move on either side."""
        source = target = 0
        with futures.ThreadPoolExecutor(1) as pool:
            moving = pool.submit(self.move, self.alpha, self.beta)
            while not futures.wait([moving], timeout=0.1).done:
                source = max(source, self.peak_memory(self.alpha, "wayferry move"))
                target = max(target, self.peak_memory(self.beta, "wayferry receive"))
            return moving.result(), source, target

    def test_four_gigabytes(self) -> None:
        checker = self.checker(4096, busy=False)
        report, *peaks = self.move_and_watch_memory()
        self.demand_all_arrived(report)
        for peak in peaks:  # in KB; 17,000 to 28,000 are usual, of an app of any size
            self.assertTrue(0 < peak < 64 << 10, peaks)
        # Half of it is content; huge pages make the kernel add the zeros between.
        self.assertGreaterEqual(report["drain"]["source_pages"], 2 << 18)
        self.assertEqual(checker.check_all(self.beta), 0)

    def test_its_memory_is_not_in_the_images(self) -> None:
        self.checker(256)
        report = self.move(self.alpha, self.beta)
        self.assertLess(report["bytes"]["pages"], 16 << 20, report)

    def check_loop(self, host: LabHost, *, move: bool) -> None:
        """A loop counts on without a gap."""
        self.run_headless("sh", "-c", _LOOP)
        before = self.alpha.wait_for_log(_NAME, "5\n")
        if move:
            self.move(self.alpha, self.beta)
        reached = int(before.split()[-1])
        printed = host.wait_for_log(_NAME, f"\n{reached + 30}\n").split()
        numbers = [int(word) for word in printed]
        self.assertLessEqual(numbers[0], reached + 15)
        self.assertEqual(numbers, list(range(numbers[0], numbers[-1] + 1)))

    def test_an_unmoved_loop_counts_on(self) -> None:
        self.check_loop(self.alpha, move=False)

    def test_a_moved_loop_counts_on(self) -> None:
        self.check_loop(self.beta, move=True)

    def test_fork_mremap_madvise_munmap_unmoved(self) -> None:
        self.run_headless("python3", "-c", _SHAPER)
        self.alpha.wait_for_log(_NAME, "ready")
        self.assertEqual(self.go(self.alpha), {"moved": True, "child": 0, "parent": 0})

    def test_fork_mremap_madvise_munmap_while_memory_follows(self) -> None:
        self.run_headless("python3", "-c", _SHAPER)
        self.alpha.wait_for_log(_NAME, "ready")
        # Slowly, so that nearly all is still missing.
        options = ["--mode", "lazy", "--limit-rate", "4MB"]
        self.alpha.start("wayferry", "move", _NAME, "beta", *options, log="move")
        wait_until(lambda: self.beta.session_state(_NAME) == "running", 20.0, "the app on beta")
        self.assertEqual(self.go(self.beta), {"moved": True, "child": 0, "parent": 0})
        wait_until(lambda: not self.alpha.sessions(), 60.0, "the end of the drain")

    def wake(self, host: LabHost) -> None:
        """Sends the app its signal."""
        (session,) = host.wayferry_json("ps")
        host.must("kill", "-USR1", str(session["init_pid"]))

    def test_a_file_made_in_the_base_while_memory_goes_ahead(self) -> None:
        """What the target has prepared by then must not hide it."""
        # Something is mounted below /var, so the target looks there before the file comes.
        volume = ["--volume", f"{SHARED_FOLDER}:/var/tmp"]
        base = ["--rootfs", places.INNER_DESKTOP]
        self.alpha.wayferry("run", "--name", _NAME, *base, *volume, "--", "python3", "-c", _LATE)
        self.alpha.wait_for_log(_NAME, "ready")
        # Slowly, so that there is time: its first files are over when its dump waits at the gate.
        slowly = ["--limit-rate", "2MB", "--ahead", "4"]
        self.alpha.start("wayferry", "move", _NAME, "beta", *slowly, "--shared", "/var/tmp", log="move")
        gate = self.alpha.host.path(f"/run/wayferry/{_NAME}/criu/gate")
        wait_until(gate.exists, 20.0, "what goes ahead")
        self.wake(self.alpha)
        self.alpha.wait_for_log(_NAME, "made")
        self.assertEqual(self.alpha.session_state(_NAME), "running", "it came too late")
        wait_until(lambda: self.beta.session_state(_NAME) == "running", 30.0, "the app on beta")
        self.wake(self.beta)
        self.beta.wait_for_log(_NAME, "late file: here")
        wait_until(lambda: not self.alpha.sessions(), 60.0, "the end of the drain")

    def check_pool(self, mode: str) -> None:
        """Shared memory goes ahead, and does not come again while the app stands still."""
        self.run_headless("python3", "-c", _POOL)
        digest = self.alpha.wait_for_log(_NAME, "digest").split()[1]
        sent = self.alpha.wayferry_json("move", _NAME, "beta", "--mode", mode)["bytes"]
        self.assertGreaterEqual(sent["early"], 64 << 20)
        self.assertLess(sent["pages"], 16 << 20)
        self.assertIn(digest, self.beta.wait_for_log(_NAME, "digest"))

    def test_shared_memory_goes_ahead_of_an_eager_move(self) -> None:
        self.check_pool("eager")

    def test_shared_memory_goes_ahead_of_a_lazy_move(self) -> None:
        self.check_pool("lazy")

    def demand_awake(self, host: LabHost, times: int, digest: str) -> None:
        """Woken, it goes on with its memory as it was."""
        self.wake(host)
        host.wait_for_log(_NAME, f"awake {times} {digest}")

    def test_a_stack_pointer_that_misleads_criu(self) -> None:
        self.run_headless("python3", "-c", _ALIGNED)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        failing = ["move", _NAME, "beta", "--mode", "lazy"]
        self.alpha.wayferry_fails(*failing, code=1, env={"WAYFERRY_FAIL_AT": "target:restore"})
        self.demand_awake(self.alpha, 1, digest)
        report = self.move(self.alpha, self.beta)
        self.assertLess(report["bytes"]["pages"], 4 << 20)
        self.demand_all_arrived(report)
        self.demand_awake(self.beta, 2, digest)

    def test_a_criu_that_takes_no_library_in(self) -> None:
        """One that is linked statically, for example: it begins at once, without anything to dump or restore yet."""
        alone = r"""mv /usr/sbin/criu /usr/sbin/criu.alone &&
            printf '#!/bin/sh\nexec env -u LD_PRELOAD /usr/sbin/criu.alone "$@"\n' > /usr/sbin/criu &&
            chmod +x /usr/sbin/criu"""
        for host in (self.alpha, self.beta):
            host.must("sh", "-c", alone)
            self.addCleanup(host.must, "mv", "/usr/sbin/criu.alone", "/usr/sbin/criu")
        self.run_headless("python3", "-c", "import hashlib, os, signal\nmemory = os.urandom(1 << 20)" + _SAYING)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        self.alpha.wayferry("move", _NAME, "beta", "--mode", "eager")
        self.demand_awake(self.beta, 1, digest)

    def test_locked_memory_comes_before_the_app_runs(self) -> None:
        self.run_headless("python3", "-c", _LOCKED)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        report = self.move(self.alpha, self.beta)
        self.assertGreater(report["bytes"]["pages"], 4 << 20)
        self.demand_all_arrived(report)
        self.demand_awake(self.beta, 1, digest)

    def check_guarded(self, mode: str) -> None:
        """Its memory comes over, and the report says what does not."""
        self.run_headless("python3", "-c", _GUARDED)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        report = self.alpha.wayferry_json("move", _NAME, "beta", "--mode", mode)
        self.demand_awake(self.beta, 1, digest)
        self.assertIn("its guard pages", "".join(report["notes"]))
        if mode == "lazy":
            self.demand_all_arrived(report)

    def test_guard_pages_do_not_stop_a_lazy_move(self) -> None:
        self.check_guarded("lazy")

    def test_guard_pages_do_not_stop_an_eager_move(self) -> None:
        self.check_guarded("eager")

    def test_what_was_given_back_at_the_last_moment_stays_so(self) -> None:
        self.run_headless("python3", "-c", _FICKLE)
        here, there = self.alpha, self.beta
        for moves in range(1, 7):
            wait_until(lambda: here.wayferry_json("ps")[0]["state"] == "running", 20.0, f"the app on {here.name}")
            self.demand_all_arrived(self.move(here, there))
            here, there = there, here
            self.wake(here)
            here.wait_for_log(_NAME, f"answer {moves}: 0 wrong")

    def advised_memory(self, host: LabHost) -> list[tuple[str, set[str]]]:
        """The mappings of _ADVISED: their lines in smaps, and which of CRIU's flags they have."""
        (session,) = host.wayferry_json("ps")
        told = {"gd", "lo", "nr", "dc", "mg", "hg", "nh", "dd"}
        found = []
        for line in host.must("cat", f"/proc/{session['init_pid']}/smaps").splitlines():
            if line.startswith("20") and line[12] == "-":
                found.append((line, set[str]()))
            elif found and line.startswith("VmFlags:") and not found[-1][1]:
                found[-1] = (found[-1][0], told & set(line.split()) or {"none"})
        return found

    def move_advised_memory(self) -> None:
        """All these mappings are on beta what they were on alpha."""
        self.run_headless("python3", "-c", _ADVISED)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        before = self.advised_memory(self.alpha)
        self.assertEqual(len(before), 17)
        self.demand_all_arrived(self.move(self.alpha, self.beta))
        self.demand_awake(self.beta, 1, digest)
        self.assertEqual(self.advised_memory(self.beta), before)

    def test_the_kinds_of_memory_come_over(self) -> None:
        self.move_advised_memory()

    def test_the_kinds_of_memory_come_over_where_the_kernel_tells_them_slowly(self) -> None:
        for host in (self.alpha, self.beta):
            host.must("mount", "--bind", "/dev/null", "/sys/kernel/btf/vmlinux")
            self.addCleanup(host.must, "umount", "/sys/kernel/btf/vmlinux")
        self.move_advised_memory()

    def test_a_dump_on_a_kernel_that_lists_pages_one_by_one(self) -> None:
        self.run_headless("python3", "-c", _ALIGNED)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        # CRIU's FI_DONT_USE_PAGEMAP_SCAN: it reads /proc/PID/pagemap, as on kernels before 6.7.
        said = self.alpha.must("env", "CRIU_FAULT=135", "wayferry", "move", _NAME, "beta", "--mode", "lazy", "--json")
        report = json.loads(said)
        self.assertLess(report["bytes"]["pages"], 4 << 20)
        self.demand_all_arrived(report)
        self.demand_awake(self.beta, 1, digest)

    def move_sleeper(self, *options: str) -> Any:
        """Moves memory that does not change, which must come over; the report."""
        self.run_headless("python3", "-c", _SLEEPER)
        digest = self.alpha.wait_for_log(_NAME, "awake 0").split()[2]
        report = self.alpha.wayferry_json("move", _NAME, "beta", *options)
        self.demand_awake(self.beta, 1, digest)
        return report

    def test_what_does_not_change_goes_ahead_of_a_lazy_move(self) -> None:
        drain = self.move_sleeper("--ahead", "60")["drain"]
        self.assertGreater(drain["known_pages"], 64 << 8)
        self.assertLess(drain["wire_bytes"], 8 << 20)

    def test_what_does_not_change_goes_ahead_of_an_eager_move(self) -> None:
        sent = self.move_sleeper("--mode", "eager")["bytes"]
        self.assertGreater(sent["early"], 64 << 20)
        self.assertLess(sent["pages"], 8 << 20)

    def test_nothing_goes_ahead_where_that_is_not_wanted(self) -> None:
        drain = self.move_sleeper("--ahead", "0")["drain"]
        self.assertEqual(drain["known_pages"], 0)
        self.assertGreater(drain["wire_bytes"], 64 << 20)

    def run_idle(self) -> None:
        """Starts 24 MB that sleep: pages that an app asks for are not held back by a limit."""
        sleeper = "import os, time\nmemory = os.urandom(24 << 20)\nprint('ready', flush=True)\ntime.sleep(600)"
        self.run_headless("python3", "-c", sleeper)
        self.alpha.wait_for_log(_NAME, "ready")

    def test_it_tells_how_far_it_is_now_and_then(self) -> None:
        self.run_idle()
        moved = self.alpha.run("wayferry", "move", _NAME, "beta", "--limit-rate", "4MB", "--ahead", "0")
        said = moved.stderr.decode()
        self.assertEqual(moved.returncode, 0, said)
        lines = re.findall(r"^wayferry: memory: (\d+) of (\d+) MB, (\d+) MB/s, \d+ s left, \d+ faults$", said, re.M)
        self.assertTrue(lines, said)  # one every 5 s, of at least 6
        done, whole, rate = (int(number) for number in lines[0])
        self.assertTrue(0 < done < whole and 24 <= whole <= 32 and 0 < rate <= 5, said)
        self.assertNotIn("[#", said)

    def test_it_draws_a_bar_on_a_terminal(self) -> None:
        self.run_idle()
        command = f"wayferry move {_NAME} beta --limit-rate 16MB --ahead 0"
        screen = self.alpha.must("script", "-qefc", command, "/dev/null")
        bars = [len(bar) for bar in re.findall(r"\r  \[(#*)\.*\] \d+ of \d+ MB, \d+ MB/s, \d+ s left, \d+ faults", screen)]
        self.assertGreater(len(set(bars)), 2, screen)
        self.assertEqual(bars, sorted(bars), screen)
        # Whatever comes after it stands on a line of its own.
        self.assertRegex(screen, r"\[#{30}\][^\r\n]*\r\n")

    def test_doctor_names_what_is_missing_for_it_and_the_cure(self) -> None:
        cure = "give wayferry CAP_SYS_PTRACE (only lazy moves need it)"
        without = ("setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace")
        self.assertNotIn(cure, self.alpha.run("wayferry", "doctor").stdout.decode())
        said = self.alpha.run(*without, "wayferry", "doctor").stdout.decode()
        self.assertRegex(said, f"(?s)userfaultfd.*{re.escape(cure)}")

    def test_a_rate_limit_is_kept(self) -> None:
        self.run_idle()
        rate = 16e6
        drain = self.move(self.alpha, self.beta, "--limit-rate", "16MB", "--ahead", "0")["drain"]
        self.assertGreater(drain["wire_bytes"], 24 << 20)
        self.assertGreater(drain["ms"], drain["wire_bytes"] / rate * 1000 * 0.8)

    def test_a_host_that_cannot_gets_it_eagerly_and_is_named(self) -> None:
        self.run_headless("sh", "-c", _LOOP)
        with faults.old_kernel(self.beta):
            report = self.alpha.wayferry_json("move", _NAME, "beta")
            said = self.beta.wayferry_fails("move", _NAME, "alpha", "--mode", "lazy")
        self.assertEqual(report["mode"], "eager")
        for words in ("kernel for lazy: 2.6", "use a kernel from 4.11 on"):
            self.assertIn(words, report["why_eager"])
            self.assertIn(words, said)
        self.assertIn("--mode eager", said)

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
