# SPDX-License-Identifier: MIT
"""A run: the hosts that are up together, their folder, their lock.

Promises: two runs never meet, because folder, control groups and everything else visible on the machine carry
the run's id; and a run that was killed, in whatever way, is cleaned at the next start. The lock says
whether a run lives: a standing run (`lab up`) gives it to its hosts, a passing one (`lab test`, `lab demo`)
keeps it in this process, and its hosts die with this process.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import build, cable, cgroups, host, locks, places, rootfs, ssh
from .desktop import Desktop
from .errors import LabError
from .host import Host
from .processes import Process

# Held while folders of runs are made or removed.
_TABLE = places.RUNS_DIR / ".lock"

_STATE = "run.json"
_LOCK = "lock"

@dataclass
class Run:
    """Hosts that are up together."""

    run_id: str
    folder: Path
    desktop: Desktop
    hosts: dict[str, Host]
    lock: int | None = None

    def host(self, name: str) -> Host:
        """The host NAME; an error lists those there are."""
        if name not in self.hosts:
            raise LabError(f"no host '{name}' is up; there are: {', '.join(self.hosts)}")
        return self.hosts[name]

    def dead(self) -> list[str]:
        """The hosts that have ended by themselves, which none should."""
        return [name for name, one in self.hosts.items() if not one.init.alive()]

    def down(self) -> None:
        """Ends the hosts and removes every trace of the run."""
        _end(self.run_id, [one.init for one in self.hosts.values()])
        # The lock file goes with the folder, so what keeps another's clean() away is this lock.
        with locks.held(_TABLE):
            _remove_traces(self.folder)
        if self.lock is not None:
            os.close(self.lock)


def start(
    names: list[str], desktop: Desktop, *, standing: str | None = None, only_cgroup_v2: bool = False
) -> Run:
    """Brings up hosts NAMES, desktops painted, cables laid, ssh ready, with
    what was built last installed. STANDING names a run that is to outlive this process, to be found
    again by that name. ONLY_CGROUP_V2: see host.py."""
    clean()
    run = _claim(standing or secrets.token_hex(4), desktop)
    try:
        _start_hosts(run, names, keep=standing is not None, only_cgroup_v2=only_cgroup_v2)
        _start_services(run)
    except BaseException as error:
        kept = _keep_logs(run)
        run.down()
        if isinstance(error, LabError):
            raise LabError(f"{error}\nThe logs of the hosts are kept in {kept}") from error
        raise
    if standing is not None and run.lock is not None:
        os.close(run.lock)
        run.lock = None
    return run


def find(standing: str) -> Run | None:
    """The standing run of that name, None if there is none. Its hosts may have died since."""
    folder = places.RUNS_DIR / standing
    try:
        state = json.loads((folder / _STATE).read_text())
    except FileNotFoundError:
        return None
    hosts = {
        name: Host(name, h["address"], folder / name, Process(*h["init"]), [Path(d) for d in h["doors"]])
        for name, h in state["hosts"].items()
    }
    return Run(standing, folder, Desktop(**state["desktop"]), hosts)


def clean() -> None:
    """Removes what runs left that were killed: those whose lock is free."""
    with locks.held(_TABLE):
        for folder in places.RUNS_DIR.iterdir():
            if not folder.is_dir():
                continue
            lock = locks.take(folder / _LOCK, wait=False)
            if lock is not None:
                _end_recorded(folder)
                _remove_traces(folder)
                os.close(lock)


def _claim(run_id: str, desktop: Desktop) -> Run:
    with locks.held(_TABLE):
        folder = places.RUNS_DIR / run_id
        try:
            folder.mkdir()
        except FileExistsError:
            raise LabError(f"a run '{run_id}' is up or coming up; end it with `./lab down` first") from None
        lock = locks.take(folder / _LOCK, wait=False)
    return Run(run_id, folder, desktop, {}, lock)


def _start_hosts(run: Run, names: list[str], *, keep: bool, only_cgroup_v2: bool) -> None:
    layers = [run.folder / "install", rootfs.ensure()]
    build.copy_install(layers[0])
    keys = run.folder / "keys"
    ssh.make_keys(keys, names)
    addresses = {name: cable.address(index) for index, name in enumerate(names)}
    for name in names:
        run.hosts[name] = host.start(
            name,
            run.run_id,
            addresses[name],
            run.folder / name,
            layers,
            partial(ssh.install, keys=keys, name=name, addresses=addresses),
            run.lock if keep else None,
            only_cgroup_v2=only_cgroup_v2,
        )
        # At once, so that hosts of a start that is killed half-way can be found and ended.
        _save(run)
    cable.connect(list(run.hosts.values()))


def _start_services(run: Run) -> None:
    def bring_up(one: Host) -> None:
        ssh.start(one)
        run.desktop.start(one)
        run.desktop.wait_painted(one)
        ssh.wait_ready(one)

    with ThreadPoolExecutor() as pool:
        list(pool.map(bring_up, run.hosts.values()))


def _save(run: Run) -> None:
    hosts = {
        name: {
            "address": one.address,
            "init": [one.init.pid, one.init.start],
            "doors": [str(door) for door in one.doors],
        }
        for name, one in run.hosts.items()
    }
    desktop = {"compositor": run.desktop.compositor, "background": run.desktop.background}
    state = {"hosts": hosts, "desktop": desktop}
    (run.folder / _STATE).write_text(json.dumps(state, indent=1))


def _end_recorded(folder: Path) -> None:
    """Hosts of a dead run die with it, but a run killed in the middle of `lab down` may have left one."""
    if (folder / _STATE).exists():
        hosts = json.loads((folder / _STATE).read_text())["hosts"].values()
        _end(folder.name, [Process(*recorded["init"]) for recorded in hosts])


def _end(run_id: str, inits: list[Process]) -> None:
    """Ends hosts. Their processes are told to die first and thawed then, so that none runs another instruction."""
    for init in inits:
        init.signal_end()
    cgroups.thaw(f"{run_id}-")
    for init in inits:
        init.kill()


def _remove_traces(folder: Path) -> None:
    cgroups.remove(f"{folder.name}-")
    if folder.exists():
        shutil.rmtree(folder)


def _keep_logs(run: Run) -> Path:
    kept = places.CACHE / "last-failed-start"
    shutil.rmtree(kept, ignore_errors=True)
    for name in run.hosts:
        shutil.copytree(run.folder / name / "logs", kept / name, dirs_exist_ok=True)
    return kept

