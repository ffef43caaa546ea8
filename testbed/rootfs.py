# SPDX-License-Identifier: MIT
"""Makes the root file system once and hands it out ever after.

Promises: `ensure()` returns a finished root file system of the present recipe. It is built beside its
final name and renamed when complete, under a lock, so a killed build leaves nothing that looks finished
and two builds never mix. Nobody may write to it: hosts and builds put an overlay on top.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from . import locks, places, recipe, say
from .errors import LabError


def ensure() -> Path:
    """The root file system of the recipe, made now if it does not exist."""
    ready = places.ROOTFS_DIR / recipe.key()
    if ready.is_dir():
        return ready
    with locks.held(places.ROOTFS_DIR / f"{ready.name}.lock"):
        if not ready.is_dir():
            _build(ready)
    return ready


def _build(ready: Path) -> None:
    unfinished = ready.with_name(f".unfinished-{ready.name}")
    log = ready.with_name(f"{ready.name}.log")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    say.step(f"making the root file system, once for this recipe (about two minutes; log: {log})")
    with log.open("w") as out:
        done = subprocess.run(
            recipe.mmdebstrap_args(str(unfinished)),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        raise LabError(
            f"mmdebstrap could not make the root file system (exit {done.returncode}); the end of {log}:\n"
            f"{tail}\nThe usual reason is the network: try `apt-get update` on this machine."
        )
    unfinished.rename(ready)
    say.step("root file system ready")
