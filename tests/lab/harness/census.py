# SPDX-License-Identifier: MIT
"""What a host holds, counted: processes, descriptors, mounts, control groups, files, wayferry's memory.

Taken before and after, the difference is what was left over. It is taken inside the host by a small script
there, because only there pids and mounts are the host's own; the script leaves itself out. A mount
namespace that a dead container left pinned would show as a process or a file; a mount in the host's own
namespace shows as itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from testbed.host import Host

# Folders in which wayferry, CRIU and runc leave things when they leave things.
_WATCHED = ["/run", "/tmp", "/dev/shm", "/var/lib/wayferry", "/var/tmp"]

# Made by the first use of a tool and kept for the next: what CRIU and wayferry have learned of the kernel, and the
# folders, not what is in them, of runc, crun and wayferry.
_KEPT = {
    *("/run/criu.kdat", "/run/wayferry/.mapping-flags", "/run/wayferry/.criu-version"),
    *("/run/runc", "/run/crun", "/run/wayferry", "/run/lock", "/var/lib/wayferry/sessions"),
}

# Docker removes what is left of a network namespace once a minute (libnetwork/osl/namespace_linux.go).
_DOCKER_BOOKS = ("/run/docker/netns/",)

# wayferry's own book-keeping, by design: a lock file outlives what it guards, and the outcome of a move can be
# asked for later; it is pruned by age. And CRIU's logs of what failed are kept for whoever reads the error.
_OWN_BOOKS = ("/run/wayferry/.locks", "/run/wayferry/.moves", "/var/lib/wayferry/logs")

# Empty folders that a CRIU leaves that had to be killed, and conmon of a restore that failed. Nobody else can tell whose
# they are.
_LEFT_BEHIND = ("/tmp/.criu.mntns.", "/run/libpod/persist/")

_BOOKS = (*_OWN_BOOKS, *_DOCKER_BOOKS, *_LEFT_BEHIND)

# How many descriptors more than before are no leak, by program. A compositor keeps one or two from its first window on,
# and a leak of one a move soon exceeds this. KWin also keeps a buffer more or less of its own screen, a cache of icons
# and what its threads wake each other by, whenever it first needs them: 0, 3 and 4 more were seen after the apps of the
# coverage table. The daemons of engines keep one connection more to each other than when they were idle.
_SLACK = {
    **dict.fromkeys(["sway", "weston", "weston-desktop-", "mutter", "dockerd", "containerd"], 3),
    "kwin_wayland": 8,
}

# A restarted allocation or a log line makes a few pages' difference; a leak per move makes more.
MEMORY_SLACK_KIB = 1024

_SCRIPT = r"""
import json, os, sys
def read(path):
    try:
        with open(path) as file: return file.read()
    except OSError: return ""
pids = [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]
processes, memory = {}, 0
for pid in pids:
    name = read(f"/proc/{pid}/comm").strip()
    if not name: continue
    try: descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    except OSError: continue
    processes[pid] = [name, descriptors]
    if name.startswith("wayferry"):
        # Not its programs' own pages: how many share them depends on other runs beside this one.
        rollup = [line.split() for line in read(f"/proc/{pid}/smaps_rollup").splitlines()[1:]]
        memory += sum(int(line[1]) for line in rollup if line[0] in ("Pss_Anon:", "Pss_Shmem:"))
mounts = [line.split()[4] for line in read("/proc/1/mountinfo").splitlines()]
groups = [folder for folder, _, _ in os.walk("/sys/fs/cgroup")]
files = []
for top in sys.argv[1:]:
    for at, folders, plain in os.walk(top):
        files += [os.path.join(at, name) for name in folders + plain]
        # What is mounted below counts as a mount; a container's whole root would be counted otherwise.
        folders[:] = [name for name in folders if not os.path.ismount(os.path.join(at, name))]
json.dump([processes, mounts, groups, files, memory], sys.stdout)
"""


@dataclass(frozen=True)
class Census:
    """One count. Processes are keyed by pid and name, with their number of open descriptors."""

    processes: dict[tuple[str, str], int]
    mounts: Counter[str]
    groups: frozenset[str]
    files: frozenset[str]
    wayferry_kib: int


def take(host: Host) -> Census:
    """Counts HOST now."""
    said = host.must(["python3", "-", *_WATCHED], stdin=_SCRIPT.encode())
    processes, mounts, groups, files, memory = json.loads(said)
    return Census(
        {(pid, name): descriptors for pid, (name, descriptors) in processes.items()},
        Counter(mounts),
        frozenset(groups),
        frozenset(file for file in files if file not in _KEPT and not file.startswith(_BOOKS)),
        memory,
    )


def leaks(before: Census, after: Census) -> list[str]:
    """One line for each thing that is there after and was not before; what went is no leak."""
    return list(_leaks(before, after))


def _leaks(before: Census, after: Census) -> Iterator[str]:
    for key, descriptors in after.processes.items():
        pid, name = key
        more = descriptors - before.processes.get(key, 0)
        if key not in before.processes:
            yield f"process {pid} ({name})"
        elif more > _SLACK.get(name, 0):
            yield f"{more} descriptor(s) in process {pid} ({name})"
    for mount, count in (after.mounts - before.mounts).items():
        yield f"mount on {mount}, {count} time(s)"
    yield from (f"control group {group}" for group in sorted(after.groups - before.groups))
    yield from (f"file {file}" for file in sorted(after.files - before.files))
    if after.wayferry_kib > before.wayferry_kib + MEMORY_SLACK_KIB:
        yield f"{after.wayferry_kib - before.wayferry_kib} KiB of memory in wayferry"


def growth(before: Census, after: Census) -> list[str]:
    """As leaks(), but of a host on which an app has been moved away and back meanwhile: it and its monitor run
    again under other pids, so what is compared is how many of each kind there are and what they hold."""
    return list(_growth(before, after))


def _growth(before: Census, after: Census) -> Iterator[str]:
    for name, count in (_by_name(after) - _by_name(before)).items():
        yield f"{count} process(es) more of {name}"
    held = _descriptors_by_name(before)
    for name, descriptors in _descriptors_by_name(after).items():
        more = descriptors - held[name]
        if more > _SLACK.get(name, 0):
            yield f"{more} descriptor(s) in {name}"
    yield from _leaks(replace(before, processes={}), replace(after, processes={}))


def _by_name(census: Census) -> Counter[str]:
    return Counter(name for _, name in census.processes)


def _descriptors_by_name(census: Census) -> Counter[str]:
    held: Counter[str] = Counter()
    for (_, name), descriptors in census.processes.items():
        held[name] += descriptors
    return held
