# SPDX-License-Identifier: MIT
"""Ways to bring a process from alpha to beta, for bench_lazy.py: wayferry's two, CRIU's three by hand, Podman's.

By hand means: as a script would do it that knows all about it. One ssh connection is open before, so that no
login stands in the process's way, and helpers are started before they are needed.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from . import places
from .wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .host import Host

_NAME = "bench"
_STATE = "/tmp/bench-state"
_LIMIT = 600.0

# What CRIU by hand asks of a pipe when it sends pages. Root without CAP_SYS_RESOURCE cannot exceed the limit, which
# has no namespace.
_PIPE_SIZE = 16 * 1024 * 1024


@contextmanager
def large_pipes() -> Iterator[None]:
    """The machine's limit is high enough for CRIU by hand."""
    limit = Path("/proc/sys/fs/pipe-max-size")
    before = limit.read_text()
    limit.write_text(str(max(int(before), _PIPE_SIZE)))
    try:
        yield
    finally:
        limit.write_text(before)


# Fills its memory, then writes to a page every millisecond: of its working set (64 MB at most), or any page ("all"), so
# that many are not there yet; always something else than is there (251 divides no number of pages), or nobody could see
# that it is at work. It writes to a file:
# the time between the two touches from one host to the other, which have different mount namespaces, and when that was
# over; the longest time between two later ones; and of the touches in the first five seconds there: how many met a
# page that was not there (a fault of any kind: newer kernels count one that userfaultfd held as a minor one), and how
# long each took that waited for longer than the kernel takes to find a page of its own (15 us for the first one after a
# thaw). Times of the real-time clock.
PROGRAM = f"""
import json, os, random, resource, sys, time
size, content, touches = int(sys.argv[1]) << 20, sys.argv[2], sys.argv[3]
piece = 1 << 20
# Every piece is another: what is sent once needs not be sent again.
if content == "random":
    block = lambda i: os.urandom(piece)
else:
    words = [bytes(random.Random(i).choices(b"etaoinshrdlu", k=2 + i % 9)) for i in range(2000)]
    text = b" ".join(random.Random(7).choices(words, k=piece // 2))
    block = lambda i: text[i * 61:i * 61 + piece]
memory = bytearray(size)
for i in range(size // piece): memory[i * piece:(i + 1) * piece] = block(i)
span = min(size, 64 << 20) if touches == "set" else size
stride = 40961 if touches == "set" else 2654435761
now = lambda: time.clock_gettime(time.CLOCK_REALTIME)
def count():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_minflt + usage.ru_majflt
def where(): return os.stat("/proc/self/ns/mnt").st_ino
here, gap, ended, later, met, waits, step = where(), 0.0, 0.0, 0.0, 0, [], 0.0
last = written = now()
i = 0
while True:
    i += 1
    place, value = i * stride * 4096 % span, i % 251
    faults, before = count(), now()
    memory[place] = value
    touched, faults, there, after = now(), count() - faults, where(), now()
    # Moved between these two calls, it learns of it a step later.
    before_it, step = step, after - last
    if there != here: here, gap, ended, later, met, waits = there, max(step, before_it), after, 0.0, 0, []
    else: later = max(later, step)
    if after - ended < 5.0 and faults:
        met += 1
        if touched - before > 2e-5: waits.append(touched - before)
    last = after
    if after - written > 0.1:
        written = after
        state = dict(pid=os.getpid(), gap=gap, ended=ended, later=later, faults=met, waits=waits)
        state["since_gap"] = after - ended if ended else 0.0
        with open("{_STATE}.new", "w") as file: json.dump(state, file)
        os.rename("{_STATE}.new", "{_STATE}")
    time.sleep(0.001)
"""


# Runs a command and says how long it took: the lab's way into a host is no part of a move.
_CLOCK = """
import subprocess, sys, time
start = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.monotonic() - start)
sys.exit(done.returncode)
"""


def time_on(host: Host, argv: list[str]) -> float:
    """Runs ARGV there, which must succeed; seconds from its start to its end."""
    return float(host.must(["python3", "-c", _CLOCK, *argv], limit=_LIMIT))


class Way:
    """One of them."""

    name: ClassVar[str]

    def __init__(self, alpha: Host, beta: Host) -> None:
        self.alpha = alpha
        self.beta = beta

    def set_up(self) -> None:
        """Once, before all."""

    def start(self, argv: list[str]) -> None:
        """Starts the process on alpha."""
        raise NotImplementedError

    def move(self) -> float:
        """Until it runs on beta and nothing of it is needed on alpha any more; for how many seconds."""
        raise NotImplementedError

    def state(self) -> str:
        """What the process wrote last, wherever it is; empty if nothing."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends it on both hosts and removes every trace."""
        raise NotImplementedError


class OursLazy(Way):
    """wayferry move --mode lazy."""

    name = "ours-lazy"
    mode = "lazy"

    def start(self, argv: list[str]) -> None:
        self.alpha.must(["wayferry", "run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--", *argv])

    def move(self) -> float:
        return time_on(self.alpha, ["wayferry", "move", _NAME, "beta", "--mode", self.mode])

    def state(self) -> str:
        for host in (self.beta, self.alpha):
            for session in json.loads(host.must(["wayferry", "ps", "--json"])):
                if session["state"] != "running" or not session["init_pid"]:
                    continue
                said = host.run(["cat", f"/proc/{session['init_pid']}/root{_STATE}"])
                return said.stdout.decode()
        return ""

    def stop(self) -> None:
        for host in (self.alpha, self.beta):
            if json.loads(host.must(["wayferry", "ps", "--json"])):
                host.must(["wayferry", "stop", _NAME])


class OursEager(OursLazy):
    """wayferry move --mode eager."""

    name = "ours-eager"
    mode = "eager"


# As wayferry asks of ssh: the cheapest one first.
CIPHERS = "Ciphers=^aes128-gcm@openssh.com"

_FOLDER = "/run/bench"
_CONTROL = "/run/bench-ssh"
_SSH = f"ssh -S {_CONTROL} beta"


def _lazily(listening: str, page_server: str) -> str:
    """CRIU's lazy move with its pages at an address of alpha, which beta calls something else perhaps."""
    return f"""
    mkfifo {_FOLDER}/status
    criu dump -t $1 -D {_FOLDER}/images --lazy-pages --address {listening} --port 2700 --status-fd 3 3<>{_FOLDER}/status &
    dump=$!
    head -c 1 {_FOLDER}/status > {_FOLDER}/ready
    tar -C {_FOLDER}/images -c . | {_SSH} '
        cd {_FOLDER}/images && tar -x
        criu lazy-pages -D . -W . --page-server --address {page_server} --port 2700 > ../pages.log 2>&1 &
        until [ -S lazy-pages.socket ]; do sleep 0.002; done
        criu restore -D . -W . --lazy-pages -d < /dev/null > ../restore.log 2>&1'
    wait $dump
"""


_EAGER = f"""
    criu dump -t $1 -D {_FOLDER}/images
    tar -C {_FOLDER}/images -c . | {_SSH} '
        cd {_FOLDER}/images && tar -x && criu restore -D . -d < /dev/null > ../restore.log 2>&1'
"""


class CriuLazy(Way):
    """dump --lazy-pages, lazy-pages, restore --lazy-pages: the second seed document."""

    name = "criu-lazy"
    script = _lazily("0.0.0.0", "alpha")

    def set_up(self) -> None:
        for host in (self.alpha, self.beta):
            host.must(["criu", "check"])  # so that its cache of the kernel's features is filled
        if self.alpha.run(["ssh", "-S", _CONTROL, "-O", "check", "beta"]).returncode != 0:
            self.alpha.must(["ssh", "-M", "-S", _CONTROL, "-f", "-N", "beta"])

    def start(self, argv: list[str]) -> None:
        for host in (self.alpha, self.beta):
            host.must(["rm", "-rf", _FOLDER, _STATE])
            host.must(["mkdir", "-p", f"{_FOLDER}/images"])
        # A pid that is free on beta too.
        self.alpha.must(["sh", "-c", "echo 20000 > /proc/sys/kernel/ns_last_pid"])
        self.alpha.must(["sh", "-c", 'setsid --fork "$@" < /dev/null > /dev/null 2>&1', "sh", *argv])
        wait_until(self.state, _LIMIT, "the process")

    def _pid(self) -> str:
        return str(json.loads(self.state())["pid"])

    def move(self) -> float:
        pid = self._pid()
        return time_on(self.alpha, ["bash", "-ec", f"rm {_STATE}\n{self.script}", "bash", pid])

    def state(self) -> str:
        for host in (self.beta, self.alpha):
            said = host.run(["cat", _STATE])
            if said.returncode == 0:
                return said.stdout.decode()
        return ""

    def stop(self) -> None:
        for host in (self.alpha, self.beta):
            host.run(["pkill", "-KILL", "-f", "^python3 -c"])
            host.must(["rm", "-rf", _FOLDER, _STATE])


class CriuLazyThroughSsh(CriuLazy):
    """The same without an open port: its pages, too, go through an ssh connection that was open before."""

    name = "criu-ssh"
    script = _lazily("127.0.0.1", "127.0.0.1")
    _TUNNEL = "/run/bench-tunnel"

    def set_up(self) -> None:
        super().set_up()
        options = ["-o", CIPHERS, "-o", "ExitOnForwardFailure=yes", "-R", "2700:127.0.0.1:2700"]
        self.alpha.must(["ssh", "-M", "-S", self._TUNNEL, *options, "-f", "-N", "beta"])


class CriuEager(CriuLazy):
    """dump, tar, restore."""

    name = "criu-eager"
    script = _EAGER


_IMAGE = "localhost/lab/bench"
_ARCHIVE = "/var/lib/wayferry/bench-image.tar"

_MAKE_IMAGE = f"""
    work=$(mktemp -d) && cd $work
    mkdir -p proc sys dev tmp run root etc usr/bin usr/lib usr/lib64 usr/sbin
    for name in bin lib lib64 sbin; do ln -s usr/$name $name; done
    program=$(readlink -f $(type -P python3))
    cp --parents -L $program $(ldd $program | grep -o '/[^ ]*') .
    ln -s $(basename $program) usr/bin/python3
    cp -r --parents $(python3 -c 'import json, sys; print(sys.path[2])') .
    tar -cf {_ARCHIVE} . && rm -r $work
    podman import {_ARCHIVE} {_IMAGE}
    podman save {_IMAGE} | ssh beta podman load
    rm {_ARCHIVE}
"""

_STORE = "/var/lib/wayferry/bench-podman"
_SETTINGS = f"""
    mkdir -p /etc/containers
    printf '[engine]\\ncgroup_manager = "cgroupfs"\\nevents_logger = "file"\\n' > /etc/containers/containers.conf
    # Its overlays cannot lie upon the one that is the host's root.
    printf '[storage]\\ndriver = "overlay"\\ngraphroot = "{_STORE}"\\nrunroot = "/run/bench-podman"\\n' \\
        > /etc/containers/storage.conf
"""

_PODMAN = f"""
    podman container checkpoint --export {_FOLDER}/checkpoint.tar --compress none {_NAME}
    {_SSH} 'cat > {_FOLDER}/checkpoint.tar && podman container restore --import {_FOLDER}/checkpoint.tar' \\
        < {_FOLDER}/checkpoint.tar
"""


class Podman(CriuEager):
    """podman container checkpoint --export, restore --import."""

    name = "podman"
    script = _PODMAN

    def set_up(self) -> None:
        super().set_up()
        for host in (self.alpha, self.beta):
            host.must(["sh", "-ec", _SETTINGS])
        self.alpha.must(["bash", "-ec", _MAKE_IMAGE], limit=_LIMIT)

    def start(self, argv: list[str]) -> None:
        for host in (self.alpha, self.beta):
            host.must(["mkdir", "-p", _FOLDER])
        self.alpha.must(["podman", "run", "--detach", "--name", _NAME, "--network", "none", _IMAGE, *argv])
        wait_until(self.state, _LIMIT, "the process")

    def move(self) -> float:
        return time_on(self.alpha, ["bash", "-ec", self.script])

    def state(self) -> str:
        for host in (self.beta, self.alpha):
            said = host.run(["podman", "exec", _NAME, "python3", "-c", f"print(open('{_STATE}').read())"])
            if said.returncode == 0:
                return said.stdout.decode()
        return ""

    def stop(self) -> None:
        for host in (self.alpha, self.beta):
            host.run(["podman", "rm", "--force", "--time", "0", _NAME])
            host.must(["rm", "-rf", _FOLDER])


WAYS: dict[str, type[Way]] = {way.name: way for way in (OursLazy, OursEager, CriuLazy, CriuLazyThroughSsh, CriuEager, Podman)}
