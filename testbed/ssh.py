# SPDX-License-Identifier: MIT
"""ssh between the hosts of a run: `ssh beta` from alpha works at once and asks nothing.

Keys are made for each run and die with it; nothing of the machine's own ssh is read or touched. The
environment that sshd gives names no compositor, on purpose: a program started through ssh has none in real
life either, and wayferry must find it by itself.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from .chamber import PATH
from .host import Host
from .wait import wait_until

_START_LIMIT = 10.0

_SSHD_CONFIG = f"""\
HostKey /etc/ssh/ssh_host_ed25519_key
AuthenticationMethods publickey
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
PrintMotd no
SetEnv PATH={PATH} LANG=C.UTF-8
Subsystem sftp internal-sftp
"""


def make_keys(folder: Path, hosts: list[str]) -> None:
    """Makes one user key for the run and a host key for each host."""
    folder.mkdir(mode=0o700)
    for name in ["user", *hosts]:
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab-{name}", "-f", str(folder / name)],
            check=True,
        )


def install(upper: Path, keys: Path, name: str, addresses: dict[str, str]) -> None:
    """Puts keys, names and settings into the root of host NAME before it starts."""
    hosts = "".join(f"{address} {host}\n" for host, address in addresses.items())
    known = "".join(f"{host},{addresses[host]} {_public(keys, host)}\n" for host in addresses)
    _write(upper / "etc/hosts", f"127.0.0.1 localhost\n{hosts}")
    _write(upper / "etc/hostname", f"{name}\n")
    _write(upper / "etc/ssh/sshd_config", _SSHD_CONFIG)
    _write(upper / "etc/ssh/ssh_host_ed25519_key", (keys / name).read_text(), 0o600)
    (upper / "root").mkdir(mode=0o700)
    _write(upper / "root/.ssh/id_ed25519", (keys / "user").read_text(), 0o600)
    _write(upper / "root/.ssh/authorized_keys", _public(keys, "user") + "\n", 0o600)
    _write(upper / "root/.ssh/known_hosts", known)


def start(host: Host) -> None:
    """Starts sshd on the host's address."""
    host.path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    host.service("sshd", ["/usr/sbin/sshd", "-D", "-e", "-o", f"ListenAddress={host.address}"])


def wait_ready(host: Host) -> None:
    """Waits until sshd listens."""
    wait_until(lambda: "listening on" in host.log("sshd").read_text(), _START_LIMIT, f"sshd on {host.name}")


def _public(keys: Path, name: str) -> str:
    return (keys / f"{name}.pub").read_text().strip()


def _write(file: Path, text: str, mode: int = 0o644) -> None:
    file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
