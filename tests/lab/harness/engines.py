# SPDX-License-Identifier: MIT
"""Docker and Podman in the lab's hosts: the real ones, started where a test needs them, and an image.

The image is made from the desktop's own files: a terminal, what a shell needs, and a client that draws.
"""

from __future__ import annotations

from testbed.wait import wait_until

from .labhost import LIMIT, LabHost

IMAGE = "localhost/lab/terminal"

_ARCHIVE = "/var/lib/wayferry/lab-image.tar"

# Of a host without systemd; and without `experimental` Docker restores nothing.
_SETTINGS = {
    "/etc/docker/daemon.json": '{"experimental": true}\n',
    "/etc/containers/containers.conf": '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n',
}

_PROGRAMS = """
    foot weston-simple-shm bash cat clear echo head ln ls mkdir mkfifo mv printf rm seq sleep stat touch
"""

_DATA = """
    /usr/share/X11/xkb /usr/share/fonts/truetype/dejavu /etc/fonts /usr/share/fontconfig /usr/share/terminfo
    /usr/lib/locale/C.utf8 /etc/issue
"""

_MAKE = f"""
    set -e
    work=$(mktemp -d) && cd $work
    mkdir -p proc sys dev tmp run root etc usr/bin usr/lib usr/lib64 usr/sbin
    for name in bin lib lib64 sbin; do ln -s usr/$name $name; done
    for name in {_PROGRAMS.replace(chr(10), " ")}; do
        program=$(type -P $name)
        cp --parents -L $program $(ldd $program | grep -o '/[^ ]*') .
    done
    cp -r --parents {_DATA.replace(chr(10), " ")} .
    echo 'root:x:0:0:root:/root:/bin/bash' > etc/passwd
    tar -cf {_ARCHIVE} .
    rm -r $work
"""


def start(host: LabHost, engine: str) -> None:
    """Makes an engine usable on a host: settings, and the daemon if it has one."""
    for path, text in _SETTINGS.items():
        host.must("sh", "-c", f"mkdir -p ${{1%/*}} && cat > $1", "sh", path, stdin=text.encode())
    if engine == "docker":
        host.start("dockerd", log="dockerd")
        wait_until(lambda: host.run("docker", "info").returncode == 0, LIMIT, f"Docker on {host.name}")


def import_image(host: LabHost, engine: str) -> None:
    """Makes the image and brings it into the engine's store."""
    host.must("bash", "-c", _MAKE)
    host.must(engine, "import", _ARCHIVE, IMAGE)
    host.must("rm", _ARCHIVE)


def containers(host: LabHost, engine: str) -> list[str]:
    """The names of all containers that the engine knows, running or not."""
    return host.must(engine, "ps", "--all", "--format", "{{.Names}}").split()
