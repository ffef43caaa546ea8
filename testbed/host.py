# SPDX-License-Identifier: MIT
"""One host: a first process in namespaces of its own, and the ways to run something beside it.

Promises: `start()` returns when the host's root is complete and its pid 1 runs; when pid 1 dies,
everything of the host dies with it: processes, mounts, network. What is not tied to it (the control groups,
the folder) carries the run's name and is the business of runs.py. Knows nothing of desktops or cables.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import cgroups, places
from .chamber import PATH, Bind, Chamber
from .errors import LabError
from .processes import Process, only_child

NAMESPACES = "--mount --uts --ipc --net --pid --cgroup".split()

# Folders that must not lie on the overlay that is the host's root: wayferry and the container engines keep the
# upper layers of their containers there, and an overlay cannot be the upper layer of another.
PLAIN_FOLDERS = ["/var/lib/wayferry", "/var/lib/containers", "/var/lib/docker"]

# The same on all hosts of a run, as from a file server.
SHARED_FOLDER = "/srv/shared"

BASE_ENVIRONMENT = {
    "HOME": "/root",
    "USER": "root",
    "SHELL": "/bin/bash",
    "LANG": "C.UTF-8",
    "PATH": PATH,
}


@dataclass
class Host:
    """A running host. FOLDER is its place on the machine: root/, logs/, plain/."""

    name: str
    address: str
    folder: Path
    init: Process
    doors: list[Path] = field(default_factory=list)

    def path(self, inside: str) -> Path:
        """A path of the host as the machine sees it. Absolute symlinks in it lead astray."""
        return Path(f"/proc/{self.init.pid}/root") / inside.lstrip("/")

    def log(self, service: str) -> Path:
        """Where a service of the host writes its log."""
        return self.folder / "logs" / f"{service}.log"

    def command(self, argv: list[str], env: Mapping[str, str]) -> list[str]:
        """The machine's command that runs ARGV inside, in the host's control groups."""
        settings = [f"{key}={value}" for key, value in {**BASE_ENVIRONMENT, **env}.items()]
        enter = ["nsenter", f"--target={self.init.pid}", *NAMESPACES]
        return cgroups.joining(self.doors, [*enter, "env", "-i", "-C", "/root", *settings, *argv])

    def run(
        self,
        argv: list[str],
        env: Mapping[str, str] | None = None,
        *,
        stdin: bytes = b"",
        limit: float = 60.0,
    ) -> subprocess.CompletedProcess[bytes]:
        """Runs ARGV to its end, without judging the exit code."""
        try:
            return subprocess.run(
                self.command(argv, env or {}),
                input=stdin,
                capture_output=True,
                timeout=limit,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{self.name}: `{' '.join(argv)}` did not end within {limit:g} s") from error

    def must(self, argv: list[str], env: Mapping[str, str] | None = None, **kwargs: Any) -> str:
        """As run(), but an exit code other than 0 is an error; returns standard output."""
        done = self.run(argv, env, **kwargs)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise LabError(f"{self.name}: `{' '.join(argv)}` failed with {done.returncode}: {said}")
        return done.stdout.decode(errors="replace")

    def service(self, name: str, argv: list[str], env: Mapping[str, str] | None = None) -> None:
        """Starts ARGV for the host's life, a child of its pid 1, with its output in the log of NAME."""
        with self.log(name).open("ab") as out:
            subprocess.run(
                self.command(["setsid", "--fork", *argv], env or {}),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=True,
            )


def start(
    name: str,
    run_id: str,
    address: str,
    folder: Path,
    layers: list[Path],
    prepare: Callable[[Path], None],
    keep_fd: int | None,
    *,
    only_cgroup_v2: bool = False,
) -> Host:
    """Makes a host. PREPARE fills the upper layer of its root before the start. With KEEP_FD the host
    outlives this process and holds that descriptor (the run's lock); without, it dies with the calling thread.
    ONLY_CGROUP_V2 hides the machine's version 1 control groups from it."""
    plain = folder / "plain"
    (folder / "logs").mkdir(parents=True)
    shared = folder.parent / "shared"
    shared.mkdir(exist_ok=True)
    chamber = Chamber(
        name,
        layers,
        folder,
        [
            Bind(layers[-1], places.INNER_DESKTOP),
            Bind(shared, SHARED_FOLDER, writable=True),
            *_plain_binds(plain),
        ],
        cgroups.mounts(only_v2=only_cgroup_v2),
    )
    chamber.upper.mkdir()
    prepare(chamber.upper)
    group = cgroups.create(f"{run_id}-{name}")
    entrance = [top / "cgroup.procs" for top in group.tops]
    outer = _spawn(chamber, entrance, folder / "logs" / "init.log", keep_fd)
    init = only_child(outer)
    if init is None:
        raise LabError(f"host {name} died at once: {(folder / 'logs/init.log').read_text().strip()}")
    cgroups.settle(group)
    return Host(name, address, folder, Process.of(init), group.doors)


def _plain_binds(plain: Path) -> list[Bind]:
    binds = []
    for inside in PLAIN_FOLDERS:
        outside = plain / inside.lstrip("/").replace("/", "-")
        outside.mkdir(parents=True)
        binds.append(Bind(outside, inside, writable=True))
    return binds


def _spawn(chamber: Chamber, doors: list[Path], log: Path, keep_fd: int | None) -> int:
    """Starts pid 1 of the host and waits for its root to be complete; the pid of pid 1's parent."""
    read_end, write_end = os.pipe()
    # The script's last act before it becomes tini is to say so; a closed pipe without a word is a failure. The pipe is
    # its standard input, because a shell need not know descriptors above 9.
    ready = "echo ready >&0; exec < /dev/null; exec tini -- sleep infinity"
    script = chamber.enter_script().replace('exec "$@"', ready)
    leash = [] if keep_fd is not None else ["setpriv", "--pdeathsig", "KILL"]
    unshare = ["unshare", *NAMESPACES, "--fork", "--kill-child", "--propagation", "private"]
    with log.open("wb") as out:
        outer = subprocess.Popen(
            cgroups.joining(doors, [*leash, *unshare, "sh", "-c", script]),
            stdin=write_end,
            stdout=out,
            stderr=out,
            env={"PATH": PATH},
            pass_fds=[] if keep_fd is None else [keep_fd],
            start_new_session=True,
        )
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        if pipe.readline() != "ready\n":
            outer.wait()
            raise LabError(f"host {chamber.name} could not be set up: {log.read_text().strip()}")
    return outer.pid
