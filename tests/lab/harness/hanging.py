# SPDX-License-Identifier: MIT
"""A CRIU that hangs, at a place of the test's choice: it stops itself before one of its calls of ptrace(2) or
before it opens one of its images, or waits for a tar that does not end. Both happen in CRIU itself, so that nothing depends on who is faster.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from testbed.wait import wait_until

from .labhost import LIMIT, LabHost

# Found before the real ones, by everything that starts them.
_CRIU = "/usr/local/sbin/criu"
_TAR = "/usr/local/sbin/tar"

_LIBRARY = "/usr/local/lib/stopping.so"

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <stdarg.h>
#include <string.h>
static int in_criu(void) { return strcmp(program_invocation_short_name, "criu") == 0; }
int openat64(int folder, const char* path, int flags, ...) {
  static int (*below)(int, const char*, int, ...);
  if (!below) below = (int (*)(int, const char*, int, ...))dlsym(RTLD_NEXT, "openat64");
  va_list rest;
  va_start(rest, flags);
  const int mode = va_arg(rest, int);
  va_end(rest);
  if (in_criu() && getenv("STOP_OPENING") && strcmp(path, getenv("STOP_OPENING")) == 0) raise(SIGSTOP);
  return below(folder, path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) __attribute__((alias("openat64")));
long ptrace(int request, int pid, void* address, void* data) {
  static long (*below)(int, int, void*, void*);
  static int count;
  if (!below) below = (long (*)(int, int, void*, void*))dlsym(RTLD_NEXT, "ptrace");
  if (in_criu() && getenv("STOP_AT") && ++count == atoi(getenv("STOP_AT"))) raise(SIGSTOP);
  return below(request, pid, address, data);
}
"""

# As long as a test, and no longer than anybody would look for it.
_WAIT = "sleep 600"


def _install(host: LabHost, path: str, *lines: str) -> None:
    script = "\n".join(["#!/bin/sh", *lines, ""])
    host.must("sh", "-c", f"cat > {path} && chmod +x {path}", stdin=script.encode())


def criu_stopping_at(host: LabHost, call: int) -> AbstractContextManager[None]:
    """CRIU stops before this call of ptrace(2), counted from 1."""
    return _criu_stopping(host, f"STOP_AT={call}")


def criu_stopping_at_image(host: LabHost, image: str) -> AbstractContextManager[None]:
    """CRIU stops before it opens this file among its images."""
    return _criu_stopping(host, f"STOP_OPENING={image}")


@contextmanager
def _criu_stopping(host: LabHost, where: str) -> Iterator[None]:
    host.must("gcc", "-shared", "-fPIC", "-w", "-x", "c", "-o", _LIBRARY, "-", stdin=_SOURCE.encode())
    # As a runtime starts it, not as who asks what it can.
    stopping = f'[ "$1" != swrk ] || export {where} LD_PRELOAD={_LIBRARY}:$LD_PRELOAD'
    _install(host, _CRIU, stopping, 'exec /usr/sbin/criu "$@"')
    try:
        yield
    finally:
        host.must("rm", _CRIU, _LIBRARY)


@contextmanager
def criu_stopping_at_its_start(host: LabHost) -> Iterator[None]:
    """CRIU stops before it does anything for a runtime."""
    _install(host, _CRIU, '[ "$1" != swrk ] || kill -STOP $$', 'exec /usr/sbin/criu "$@"')
    try:
        yield
    finally:
        host.must("rm", _CRIU)


@contextmanager
def hanging_tar(host: LabHost) -> Iterator[None]:
    """Whoever runs tar waits for it."""
    _install(host, _TAR, f"exec {_WAIT}")
    try:
        yield
    finally:
        host.must("rm", _TAR)


def wait_for_hanging_tar(host: LabHost) -> None:
    """Waits until there is one."""
    there = lambda: host.run("pgrep", "-x", "-f", _WAIT).returncode == 0
    wait_until(there, LIMIT, f"CRIU to run tar on {host.name}")


def wait_for_stopped_criu(host: LabHost) -> int:
    """Waits until CRIU has stopped itself; its pid."""
    return wait_until(lambda: _stopped(host), LIMIT, f"CRIU to stop itself on {host.name}")


def _stopped(host: LabHost) -> int:
    for pid in host.pids("criu"):
        if b"\nState:\tT (stopped)" in host.run("cat", f"/proc/{pid}/status").stdout:
            return pid
    return 0
