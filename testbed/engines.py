# SPDX-License-Identifier: MIT
"""Docker and Podman in the lab's hosts: the real ones, started where a test needs them, and an image.

The image is made from the desktop's own files: a terminal, what a shell needs, and a client that draws.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from .host import Host
from .wait import wait_until

# A daemon starts in a second or two.
_LIMIT = 20.0

IMAGE = "localhost/lab/terminal"

_EMPTY = "localhost/lab/empty"

# Networks of which the first use leaves books behind, for good.
_BRIDGES = {"docker": (), "podman": ("podman",)}

_ARCHIVE = "/var/lib/wayferry/lab-image.tar"

# Of a host without systemd.
_PODMAN_SETTINGS = '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n[network]\nfirewall_driver = "iptables"\n'


@dataclass(frozen=True)
class Image:
    """What of the desktop's own files an image is made of: programs with their libraries, and other files, of
    which libraries bring theirs."""

    name: str
    programs: str
    data: str
    user: str = "root"


TERMINAL = Image(
    IMAGE,
    "foot weston-simple-shm bash cat clear echo head ln ls mkdir mkfifo mv printf rm seq sleep stat touch",
    "/usr/share/X11/xkb /usr/share/fonts/truetype/dejavu /etc/fonts /usr/share/fontconfig /usr/share/terminfo"
    " /usr/lib/locale/C.utf8 /etc/issue",
)

TERMINAL_OF_A_USER = replace(TERMINAL, name="localhost/lab/user-terminal", user="1234:55")

_LIBRARIES = "/usr/lib/x86_64-linux-gnu"

TOOLKITS = Image(
    "localhost/lab/toolkits",
    "gtk4-widget-factory featherpad",
    "/usr/share/X11/xkb /usr/share/fonts/truetype/dejavu /etc/fonts /usr/share/fontconfig /usr/lib/locale/C.utf8"
    " /usr/share/glib-2.0 /usr/share/mime /usr/share/icons/hicolor /usr/share/icons/Adwaita"
    # Without dconf's module GTK keeps its settings in a file and watches it, which CRIU cannot carry (docs/criu.md).
    f" {_LIBRARIES}/gio/modules {_LIBRARIES}/gdk-pixbuf-2.0 {_LIBRARIES}/qt6/plugins/platforms/libqwayland-generic.so"
    f" {_LIBRARIES}/qt6/plugins/wayland-shell-integration {_LIBRARIES}/qt6/plugins/wayland-decoration-client",
)

_MAKE = """
    set -e
    work=$(mktemp -d) && cd $work
    mkdir -p proc sys dev tmp run root etc usr/bin usr/lib usr/lib64 usr/sbin
    for name in bin lib lib64 sbin; do ln -s usr/$name $name; done
    for name in $1; do cp --parents -L $(type -P $name) .; done
    cp -r --parents $2 .
    find usr -type f '(' -path '*/bin/*' -o -name '*.so' ')' -exec ldd {} + 2>/dev/null |
        grep -o '/[^ ]* (' | tr -d ' (' | sort -u | xargs cp --parents -L -t .
    echo 'root:x:0:0:root:/root:/bin/bash' > etc/passwd
    tar -cf $3 .
    rm -r $work
"""


def start(host: Host, engine: str, *, experimental: bool = True) -> None:
    """Makes an engine usable on a host: settings, and the daemon if it has one. Its folders and groups are there
    afterwards, as after any first use. Without EXPERIMENTAL, Docker restores nothing."""
    write(host, "/etc/containers/containers.conf", _PODMAN_SETTINGS)
    write(host, "/etc/docker/daemon.json", json.dumps({"experimental": experimental}))
    if engine == "docker":
        start_docker(host)
    import_other(host, engine, _EMPTY)
    # There is no such program in it, so it ends at once; nobody minds.
    for network in ("none", *_BRIDGES[engine]):
        host.run([engine, "run", "--rm", "--network", network, _EMPTY, "/none"])
    host.must([engine, "rmi", _EMPTY])


def start_docker(host: Host) -> None:
    """Starts the daemon, without a desktop session's environment, as an init system would."""
    host.service("dockerd", ["dockerd"])
    wait_until(lambda: host.run(["docker", "info"]).returncode == 0, _LIMIT, f"Docker on {host.name}")


def stop_docker(host: Host) -> None:
    """Ends the daemon; containers end with it."""
    host.must(["pkill", "-x", "dockerd"])
    wait_until(lambda: host.run(["pgrep", "-x", "dockerd|containerd"]).returncode == 1, _LIMIT, "the end of Docker")


def write(host: Host, path: str, text: str) -> None:
    """Writes a file and the folders above it."""
    host.must(["sh", "-c", "mkdir -p ${1%/*} && cat > $1", "sh", path], stdin=text.encode())


def import_image(host: Host, engine: str, image: Image = TERMINAL) -> None:
    """Makes the image and brings it into the engine's store."""
    host.must(["bash", "-c", _MAKE, "make", image.programs, image.data, _ARCHIVE])
    host.must([engine, "import", "--change", f"USER {image.user}", _ARCHIVE, image.name])
    host.must(["rm", _ARCHIVE])


def import_other(host: Host, engine: str, name: str = IMAGE) -> None:
    """Makes an image with nothing in it of use."""
    host.must(["sh", "-c", f"tar -cf - -C /etc issue | {engine} import - {name}"])


def containers(host: Host, engine: str) -> list[str]:
    """The names of all containers that the engine knows, running or not."""
    return host.must([engine, "ps", "--all", "--format", "{{.Names}}"]).split()
