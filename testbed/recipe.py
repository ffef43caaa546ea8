# SPDX-License-Identifier: MIT
"""What the root file system of every host is made of.

This module is data: the suite, the packages, what is left out and what is added. Its hash is the key under
which the finished root file system is cached, so any change here makes a new one, and nothing else does.
No mirror is named: mmdebstrap takes the default one, or what the machine's own apt is set up for.
"""

from __future__ import annotations

import hashlib
import json

SUITE = "trixie"

TOOLCHAIN = """
    g++ clang clang-format clang-tidy clang-tools libclang-rt-19-dev cmake ninja-build pkgconf ccache
    git gdb strace python3 protobuf-compiler scdoc file
""".split()

LIBRARIES = """
    libwayland-dev wayland-protocols libxkbcommon-dev libpugixml-dev libprotobuf-dev libasio-dev
    libcli11-dev libspdlog-dev libfmt-dev libzstd-dev liblz4-dev libxxhash-dev nettle-dev libarchive-dev libbpf-dev
    nlohmann-json3-dev
    libgtest-dev libgmock-dev libbenchmark-dev
""".split()

# crun finds libcriu2 only while it runs; podman finds netavark and catatonit the same way.
CONTAINERS = """
    criu runc crun libcriu2 skopeo umoci podman netavark catatonit docker.io docker-cli docker-registry
""".split()

# Without swaybg, sway ignores the colour of its background; without the C.UTF-8 that libc brings, foot
# complains.
DESKTOP = """
    sway swaybg weston foot gtk-4-examples adwaita-icon-theme fonts-dejavu-core libgl1-mesa-dri
    grim wtype wlrctl wayland-utils dbus
""".split()

# What an app may be moved to, and the apps of the coverage table (tests/lab/test_coverage.py).
COVERAGE = """
    kwin-wayland mutter gsettings-desktop-schemas xwayland
    gtk-3-examples featherpad qt6-wayland libsdl2-tests glmark2-es2-wayland xterm
""".split()

SYSTEM = """
    tini openssh-server openssh-client iproute2 iptables procps psmisc util-linux kmod jq less xz-utils
    zstd
""".split()

PACKAGES = sorted({*TOOLCHAIN, *LIBRARIES, *CONTAINERS, *DESKTOP, *COVERAGE, *SYSTEM})

# Pages that nobody reads in a host: a third of the files, and so of the time.
LEFT_OUT = [
    "/usr/share/man/*",
    "/usr/share/doc/*",
    "/usr/share/info/*",
    "/usr/share/locale/*",
    "/usr/share/lintian/*",
]

# Run by sh with the new root as $1. The folders are mount points of hosts and builds; ssh keys that were
# made here would be the same in every host, and foreign source lists are of no use to one without network.
FINISH = """
    cd "$1"
    mkdir -p src/wayferry srv/desktop var/lib/wayferry build ccache
    rm -f etc/ssh/ssh_host_*_key* etc/resolv.conf
    rm -rf var/lib/apt/lists/* var/cache/apt/*.bin
    : > etc/resolv.conf
    : > etc/machine-id
"""


def key() -> str:
    """Names this recipe: equal recipes, equal keys."""
    parts = [SUITE, PACKAGES, LEFT_OUT, FINISH]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def mmdebstrap_args(target: str) -> list[str]:
    """The command that makes the root file system in TARGET."""
    excludes = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    return [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        # A file system that can be made again needs no flushing to disk.
        "--dpkgopt=force-unsafe-io",
        *excludes,
        f"--include={','.join(PACKAGES)}",
        f"--customize-hook=sh -eu -c '{FINISH}' sh \"$1\"",
        SUITE,
        target,
    ]
