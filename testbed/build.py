# SPDX-License-Identifier: MIT
"""Builds the tree inside the root file system, without network.

Promises: `install()` builds and `copy_install()` gives a folder with the release build under usr/local, to be
laid over the root file system of a host; `run()` runs any command where the build lives. The tree is seen read
only, so a build cannot change it; objects lie in the cache, keyed by the tree's path, and compilers go
through a ccache shared by all trees.

The lab's own seat is built alone when the main build does not bring it, so that the lab can be used while
the rest does not compile or does not exist.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from . import locks, places, rootfs, say
from .chamber import PATH, Bind, Chamber
from .errors import LabError

RELEASE = f"{places.INNER_BUILD}/release"
SANITIZE = f"{places.INNER_BUILD}/sanitize"
FUZZ = f"{places.INNER_BUILD}/fuzz"
THREAD = f"{places.INNER_BUILD}/thread"
_INSTALL = f"{places.INNER_BUILD}/install"

# Only when the main build did not install it.
_SEAT_ALONE = f"""
if ! test -x {_INSTALL}/usr/local/bin/lab-seat; then
    cmake -S testbed/seat -B {places.INNER_BUILD}/seat -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo
    cmake --build {places.INNER_BUILD}/seat
    DESTDIR={_INSTALL} cmake --install {places.INNER_BUILD}/seat --prefix /usr/local
fi
"""

_ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": PATH,
    "WAYFERRY_BUILD_DIR": places.INNER_BUILD,
    "CCACHE_DIR": places.INNER_CCACHE,
    "CMAKE_C_COMPILER_LAUNCHER": "ccache",
    "CMAKE_CXX_COMPILER_LAUNCHER": "ccache",
}


def run(argv: list[str], *, log: Path | None = None, change_tree: bool = False) -> int:
    """Runs ARGV in the build chamber, in the tree, which it cannot write to unless CHANGE_TREE says so; returns
    its exit code. Output goes to LOG if given."""
    scratch = places.BUILD_DIR / "chamber"
    for folder in (places.BUILD_DIR / "out", places.CCACHE_DIR):
        folder.mkdir(parents=True, exist_ok=True)
    chamber = Chamber(
        "build",
        [rootfs.ensure()],
        scratch,
        [
            Bind(places.TREE, places.INNER_TREE, writable=change_tree),
            Bind(places.BUILD_DIR / "out", places.INNER_BUILD, writable=True),
            Bind(places.CCACHE_DIR, places.INNER_CCACHE, writable=True),
        ],
    )
    flags = "--mount --uts --ipc --net --pid --fork --kill-child --propagation private".split()
    # Tests may talk to themselves over the loopback; that is all the network there is.
    start = f'ip link set lo up; cd {places.INNER_TREE}; exec "$@"'
    inside = ["sh", "-c", chamber.enter_script(), "sh", "sh", "-c", start, "sh", *argv]
    with _locked():
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        out = log.open("w") if log else None
        return subprocess.run(
            ["unshare", *flags, *inside],
            env={**os.environ, **_ENVIRONMENT},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            check=False,
        ).returncode


def install() -> None:
    """Builds the release preset and installs it; a build that fails leaves the last install in place."""
    script = _configure("release", RELEASE) + _build(RELEASE)
    script += f"rm -rf {_INSTALL}\nDESTDIR={_INSTALL} cmake --install {RELEASE} --prefix /usr/local\n"
    _must("release build", (script if (places.TREE / "CMakeLists.txt").exists() else "") + _SEAT_ALONE)


def keep_last_install() -> None:
    """Sees to it that there is something to install, for hosts wanted while the tree does not compile."""
    if not (places.BUILD_DIR / "out" / "install").exists():
        _must("build of the lab's seat", _SEAT_ALONE)


def copy_install(to: Path) -> None:
    """Copies what was installed last to the new folder TO, to be laid over the root of a host. A folder of its
    own, because the next install must not change the lower layer of a mounted overlay; the files can be the
    same ones, because an install replaces files and never writes into them."""
    with _locked():
        shutil.copytree(places.BUILD_DIR / "out" / "install", to, symlinks=True, copy_function=os.link)


def tests() -> None:
    """Builds the sanitize preset, with all tests."""
    _must("sanitize build", _configure("sanitize", SANITIZE) + _build(SANITIZE))


def fuzz_targets() -> None:
    """Builds the fuzz preset: the targets, with libFuzzer."""
    _must("fuzz build", _configure("fuzz", FUZZ) + _build(FUZZ, "fuzz_app", "fuzz_compositor", "fuzz_state"))


def thread_tests() -> None:
    """Builds the thread preset: the tests of what has threads."""
    _must("thread build", _configure("thread", THREAD) + _build(THREAD, "pages_tests"))


@contextlib.contextmanager
def _locked() -> Iterator[None]:
    """One at a time uses the build folder."""
    lock = places.BUILD_DIR / "lock"
    fd = locks.take(lock, wait=False)
    if fd is None:
        say.step("waiting for another ./lab that builds this tree")
        fd = locks.take(lock, wait=True)
    try:
        yield
    finally:
        os.close(fd)  # type: ignore[arg-type]


def _configure(preset: str, folder: str) -> str:
    """Configures once; later ninja notices by itself when a CMake file has changed."""
    return f"test -f {folder}/build.ninja || cmake --preset {preset}\n"


def _build(folder: str, *targets: str) -> str:
    return f"cmake --build {folder}" + (f" --target {' '.join(targets)}" if targets else "") + "\n"


def _must(what: str, script: str) -> None:
    log = places.BUILD_DIR / f"{what.replace(' ', '-')}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    say.step(what)
    if run(["sh", "-eu", "-c", script], log=log) != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-40:])
        raise LabError(f"{tail}\n{what} failed; the whole log is {log}")
