# SPDX-License-Identifier: MIT
"""A control group of its own for each host, in every hierarchy the machine has.

Promises: a host's processes live in a group whose name carries the run and the host; seen from inside its
cgroup namespace that group is the root. So two hosts can run containers of the same name at once, which
on version 1 hierarchies, shared by all, they otherwise could not. Works with version 1, version 2 and the
mixture of both; it asks /proc/self/mountinfo and assumes no layout.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from .errors import LabError
from .wait import wait_until

PREFIX = "wayferry-lab-"

# How long the kernel may take to let go of a group whose processes are dead. Usually milliseconds.
REMOVAL_LIMIT = 10.0


@dataclass(frozen=True)
class Hierarchy:
    """One mounted cgroup hierarchy of the machine."""

    path: Path
    fstype: str
    options: str

    @property
    def mount_args(self) -> list[str]:
        """Arguments of mount(8) that give the same hierarchy again inside a host."""
        if self.fstype == "cgroup2":
            return ["-t", "cgroup2"]
        return ["-t", "cgroup", "-o", self.options]


def hierarchies() -> list[Hierarchy]:
    """Every hierarchy of this machine, in the order of their mounts."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, after = line.split(" - ", 1)
        fstype, _, options = after.split(" ", 2)
        if fstype in ("cgroup", "cgroup2"):
            found.append(Hierarchy(Path(before.split()[4]), fstype, _controllers(options)))
    if not found:
        raise LabError("no cgroup file system is mounted on this machine; hosts need one (mount /sys/fs/cgroup)")
    return found


def _controllers(options: str) -> str:
    """Of a mount's super options, those that say which hierarchy it is."""
    skip = {"rw", "ro", "xattr", "nsdelegate", "memory_recursiveprot", "favordynmods"}
    chosen = [o for o in options.split(",") if o not in skip and not o.startswith("release_agent=")]
    named = [o for o in chosen if o.startswith("name=")]
    return ",".join(["none", *named] if named and len(named) == len(chosen) else chosen)


def mounts(*, only_v2: bool = False) -> dict[str, list[str]]:
    """Folder below /sys/fs/cgroup to mount(8) arguments, for a host's own view. With ONLY_V2 the host does not see
    the version 1 hierarchies that the machine may have too, nor the controllers that are bound to them."""
    all_of = [h for h in hierarchies() if h.fstype == "cgroup2" or not only_v2]
    if not all_of:
        raise LabError("this machine has no version 2 control groups (mount -t cgroup2)")
    if len(all_of) == 1 and all_of[0].fstype == "cgroup2":
        return {".": all_of[0].mount_args}
    return {h.path.name: h.mount_args for h in all_of}


@dataclass(frozen=True)
class Group:
    """A host's group in all hierarchies: TOPS, which it sees as the root, and DOORS, the files to write a pid
    to. They differ where version 2 has controllers: there a group that has children with controllers may
    have no processes of its own, so the host's own live one level down."""

    tops: list[Path]
    doors: list[Path]


def create(name: str) -> Group:
    """Makes the group NAME everywhere."""
    group = Group([], [])
    for hierarchy in hierarchies():
        top = hierarchy.path / f"{PREFIX}{name}"
        top.mkdir(exist_ok=True)
        for setting in ("cpuset.cpus", "cpuset.mems"):
            # A version 1 cpuset starts empty, and no process may enter an empty one.
            if (top / setting).exists() and hierarchy.fstype == "cgroup":
                (top / setting).write_text((hierarchy.path / setting).read_text())
        group.tops.append(top)
        group.doors.append((_leaf(top) if _controlled_v2(top) else top) / "cgroup.procs")
    return group


def settle(group: Group) -> None:
    """Moves what entered by the top to where it is to stay, once the cgroup namespace has been made: that takes
    the group a process is in at that moment as its root."""
    for top, door in zip(group.tops, group.doors, strict=True):
        if door.parent != top:
            for pid in (top / "cgroup.procs").read_text().split():
                door.write_text(pid)


def _controlled_v2(top: Path) -> bool:
    controllers = top / "cgroup.controllers"
    return controllers.exists() and controllers.read_text().strip() != ""


def _leaf(top: Path) -> Path:
    leaf = top / "host"
    leaf.mkdir(exist_ok=True)
    return leaf


def joining(doors: list[Path], argv: list[str]) -> list[str]:
    """The command that enters the groups and becomes ARGV. A shell does it, and no Python between fork and
    exec, because that can deadlock when other threads run."""
    enter = "".join(f"echo 0 > {shlex.quote(str(door))}; " for door in doors)
    return ["sh", "-euc", f'{enter}exec "$@"', "sh", *argv]


def thaw(prefix: str) -> None:
    """Thaws what is frozen below every group whose name starts with PREFIX: with version 1 a frozen process does
    not even die, and would keep its whole host from ending."""
    for hierarchy in hierarchies():
        for group in hierarchy.path.glob(f"{PREFIX}{prefix}*"):
            for folder in (group, *(path for path in group.rglob("*") if path.is_dir())):
                if (folder / "freezer.state").exists() and (folder / "freezer.state").read_text() != "THAWED\n":
                    (folder / "freezer.state").write_text("THAWED")


def remove(prefix: str) -> None:
    """Removes every group whose name starts with PREFIX, with all that containers left below."""
    for hierarchy in hierarchies():
        for group in hierarchy.path.glob(f"{PREFIX}{prefix}*"):
            wait_until(partial(_remove_tree, group), REMOVAL_LIMIT, f"control group {group} to become free")


def _remove_tree(group: Path) -> bool:
    for folder, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return False
    return True
