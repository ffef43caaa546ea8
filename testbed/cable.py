# SPDX-License-Identifier: MIT
"""The cables between hosts: one pair of virtual Ethernet ends for each pair of hosts.

Promises: every host reaches every other by name at one address; `rate` limits both directions, `cut` pulls
the plug and `mend` puts it back. An end is named after the host it leads to (`ip link` on alpha shows
beta). Ends live in the hosts' unnamed network namespaces, so nothing of a cable survives its hosts.

Shaping is done by tbf because netem is missing from many kernels.
"""

from __future__ import annotations

import subprocess
from itertools import combinations

from .errors import LabError
from .host import Host

# A private /24 that the lab's hosts share; the network namespaces are closed, so it can meet no other.
_SUBNET = "10.77.0"

# tbf passes a bucketful at once. It must hold what arrives within one timer tick (4 ms at 250 Hz), and at
# least one 64 KiB packet as segmentation offload makes them.
_TICK = 1 / 250
_SMALLEST_BUCKET = 131072

_UNITS = {"gbit": 1e9, "mbit": 1e6, "kbit": 1e3, "bit": 1.0}


def address(index: int) -> str:
    """The address of the host with this number, counted from 0."""
    return f"{_SUBNET}.{index + 1}"


def connect(hosts: list[Host]) -> None:
    """Lays all cables between new hosts."""
    for host in hosts:
        # On the loopback too, so that the address is there whatever happens to cables, or without any.
        _ip(host, "link set lo up", f"address add {host.address}/32 dev lo")
    for one, other in combinations(hosts, 2):
        _ip(
            one,
            f"link add {other.name} type veth peer name {one.name} netns {other.init.pid}",
        )
        for near, far in ((one, other), (other, one)):
            _ip(near, f"address add {near.address} peer {far.address}/32 dev {far.name}", f"link set {far.name} up")


def rate(hosts: list[Host], limit: str) -> None:
    """Limits every cable, in each direction, to LIMIT as tc writes it, e.g. 1gbit; "none" lifts it."""
    for near, far in _ends(hosts):
        if limit == "none":
            _enter(near, ["tc", "qdisc", "del", "dev", far.name, "root"], may_fail=True)
        else:
            bucket = max(int(_bits(limit) / 8 * _TICK), _SMALLEST_BUCKET)
            shape = f"tbf rate {limit} burst {bucket}b latency 50ms"
            _enter(near, ["tc", "qdisc", "replace", "dev", far.name, "root", "handle", "1:", *shape.split()])
            # What Linux gives a network card by itself; tbf's own queue knows no order.
            _enter(near, ["tc", "qdisc", "add", "dev", far.name, "parent", "1:1", "pfifo_fast"])


def cut(hosts: list[Host]) -> None:
    """Pulls all cables."""
    for near, far in _ends(hosts):
        _ip(near, f"link set {far.name} down")


def mend(hosts: list[Host]) -> None:
    """Puts all cables back."""
    for near, far in _ends(hosts):
        _ip(near, f"link set {far.name} up")


def _ends(hosts: list[Host]) -> list[tuple[Host, Host]]:
    return [(near, far) for near in hosts for far in hosts if near is not far]


def _bits(limit: str) -> float:
    for unit, factor in _UNITS.items():
        number = limit.lower().removesuffix(unit)
        if number != limit.lower() and number.replace(".", "", 1).isdigit():
            return float(number) * factor
    raise LabError(f"'{limit}' is not a rate; write it like 1gbit, 100mbit or 56kbit, or none for no limit")


def _ip(host: Host, *lines: str) -> None:
    _enter(host, ["ip", "-batch", "-"], "\n".join(lines) + "\n")


def _enter(host: Host, argv: list[str], stdin: str = "", *, may_fail: bool = False) -> None:
    done = subprocess.run(
        ["nsenter", f"--target={host.init.pid}", "--net", *argv],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and not may_fail:
        raise LabError(f"the cable at {host.name}: `{' '.join(argv)}` said: {(done.stderr + stdin).strip()}")
