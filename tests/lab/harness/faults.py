# SPDX-License-Identifier: MIT
"""Ways to make a host unfit as a target, each undone at the end of its `with`.

They are what goes wrong in life, done to the real thing: a program that is not there, a file system that is
full, a compositor of another kind. None of them needs wayferry to know of tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from testbed.wait import wait_until

from .labhost import LIMIT, LabHost

WAYFERRY = "/usr/local/bin/wayferry"

# Found before the real one; sshd's PATH begins with its folder.
_IMPOSTOR = "/usr/local/sbin/wayferry"


@contextmanager
def away(host: LabHost, path: str) -> Iterator[None]:
    """The file at PATH is gone."""
    folder, name = path.rsplit("/", 1)
    # In the same folder, because a socket cannot be copied; hidden, because sockets are looked for by name.
    away_path = f"{folder}/.away-{name}"
    host.must("mv", path, away_path)
    try:
        yield
    finally:
        host.must("mv", away_path, path)


@contextmanager
def _found_first(host: LabHost, script: str) -> Iterator[None]:
    host.must("sh", "-c", f"cat > {_IMPOSTOR} && chmod +x {_IMPOSTOR}", stdin=f"#!/bin/sh\n{script}\n".encode())
    try:
        yield
    finally:
        host.must("rm", _IMPOSTOR)


@contextmanager
def impostor(host: LabHost, says: str) -> Iterator[None]:
    """Another wayferry is found first, which says one line and waits to be left."""
    with _found_first(host, f"echo '{says}'\nexec cat > /dev/null"):
        yield


@contextmanager
def silent(host: LabHost) -> Iterator[None]:
    """The same, which says nothing at all."""
    with _found_first(host, "exec cat > /dev/null"):
        yield


@contextmanager
def old_kernel(host: LabHost) -> Iterator[None]:
    """Every wayferry that starts here is told of a kernel 2.6, which has no userfaultfd."""
    with _found_first(host, f'exec setarch --uname-2.6 {WAYFERRY} "$@"'):
        yield


@contextmanager
def bare_compositor(host: LabHost) -> Iterator[str]:
    """A weston with its full-screen shell, which has no xdg_wm_base; the path of its socket."""
    folder = "/run/bare"
    socket = f"{folder}/wayland-9"
    host.must("mkdir", "-m", "700", folder)
    options = ["--backend=headless", "--renderer=pixman", "--shell=fullscreen-shell.so", "--socket=wayland-9"]
    host.start("env", f"XDG_RUNTIME_DIR={folder}", "weston", *options, log="bare-weston")
    try:
        host.wait_for_socket(socket)
        yield socket
    finally:
        host.run("pkill", "-x", "weston")
        host.must("rm", "-r", folder)


@contextmanager
def mounted(host: LabHost, folder: str, options: str) -> Iterator[None]:
    """A small file system lies over FOLDER."""
    host.must("mkdir", "-p", folder)
    host.must("mount", "-t", "tmpfs", "small", "-o", options, folder)
    try:
        yield
    finally:
        # What lies on it may be in use for a moment longer: a failed move is being undone.
        wait_until(lambda: host.run("umount", folder).returncode == 0, LIMIT, f"{folder} to be free")
