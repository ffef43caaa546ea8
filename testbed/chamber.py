# SPDX-License-Identifier: MIT
"""The root file system of a host or a build: an overlay, its mounts, and the way into it.

Promises: `enter_script()` gives a sh script that, run inside fresh namespaces, builds the root below the
scratch folder, pivots into it and becomes the program it is given. It is a script and not Python because
it runs between namespaces, where the machine's Python may no longer be there.

It pivots instead of using chroot because CRIU refuses a chroot ("Can't lookup mount"). Nothing is mounted
outside the new mount namespace, so nothing has to be unmounted: all of it goes with the last process.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# name, major, minor: what programs in a host, or containers made there, open.
DEVICES = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
    ("fuse", 10, 229),
    ("net/tun", 10, 200),
]


@dataclass(frozen=True)
class Bind:
    """A folder of the machine seen inside."""

    outside: Path
    inside: str
    writable: bool = False


@dataclass(frozen=True)
class Chamber:
    """What one root file system is made of. LAYERS are read only, the first on top."""

    name: str
    layers: list[Path]
    scratch: Path
    binds: list[Bind] = field(default_factory=list)
    # Mount options of each cgroup hierarchy below /sys/fs/cgroup, e.g. {"cpu,cpuacct": "cpu,cpuacct"}.
    cgroups: dict[str, list[str]] = field(default_factory=dict)

    @property
    def upper(self) -> Path:
        """Where writes to the root go; files put here before the start are there from the start."""
        return self.scratch / "upper"

    def enter_script(self) -> str:
        """The script described on top; its arguments are the program to become."""
        lines = [
            "set -eu",
            "umask 022",
            *self._root(),
            *_devices(),
            *self._cgroup_mounts(),
            *self._bind_mounts(),
            f"hostname {shlex.quote(self.name)}",
            "mkdir -p .before",
            "pivot_root . .before",
            f"cd / && export PATH={PATH}",
            "umount -l /.before && rmdir /.before",
            'exec "$@"',
        ]
        return "\n".join(lines)

    def _root(self) -> list[str]:
        lower = ":".join(str(layer) for layer in self.layers)
        options = f"lowerdir={lower},upperdir=upper,workdir=work"
        return [
            f"cd {shlex.quote(str(self.scratch))}",
            "mkdir -p upper work root",
            f"mount -t overlay wayferry-lab -o {shlex.quote(options)} root",
            "cd root",
            "mount -t proc proc proc",
            "mount -t sysfs sysfs sys",
            "mount -t tmpfs run run -o mode=755",
            "mount -t tmpfs tmp tmp -o mode=1777",
        ]

    def _cgroup_mounts(self) -> list[str]:
        if not self.cgroups:
            return []
        lines = ["mount -t tmpfs cgroup sys/fs/cgroup -o mode=755"]
        for folder, args in self.cgroups.items():
            at = f"sys/fs/cgroup/{folder}"
            lines += [f"mkdir -p {shlex.quote(at)}", shlex.join(["mount", *args, "cgroup", at])]
        return lines

    def _bind_mounts(self) -> list[str]:
        lines = []
        for bind in self.binds:
            inside = shlex.quote(bind.inside.lstrip("/"))
            lines.append(f"mkdir -p {inside}")
            lines.append(f"mount --bind {shlex.quote(str(bind.outside))} {inside}")
            if not bind.writable:
                lines.append(f"mount -o remount,bind,ro {inside}")
        return lines


def _devices() -> list[str]:
    nodes = [f"mknod -m 666 dev/{name} c {major} {minor}" for name, major, minor in DEVICES]
    return [
        "mount -t tmpfs dev dev -o mode=755",
        "mkdir dev/pts dev/shm dev/net dev/mqueue",
        *nodes,
        "mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666,mode=620,gid=5",
        "mount -t tmpfs shm dev/shm -o mode=1777",
        "mount -t mqueue mqueue dev/mqueue",
        "ln -s pts/ptmx dev/ptmx",
        "ln -s /proc/self/fd dev/fd",
        "ln -s fd/0 dev/stdin",
        "ln -s fd/1 dev/stdout",
        "ln -s fd/2 dev/stderr",
    ]
