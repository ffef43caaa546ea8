# SPDX-License-Identifier: MIT
"""Several compositors at once on one host, for windows that go from one to another.

Each stands on a workspace of the screen's sway; the one that is shown is what `screen` photographs and what
`hands` reach. The session's own is shown first. Only wayferry's `--display` leads to the others: their
sockets lie outside the user's runtime folder.
"""

from __future__ import annotations

import json

from . import screen
from .compositors import KINDS, START_LIMIT, Compositor
from .desktop import Desktop
from .host import Host
from .wait import wait_until

# sway's own name for the workspace that is there at first.
_FIRST = "1"


def add(host: Host, desktop: Desktop, kind: str, name: str) -> Compositor:
    """Starts another compositor; when this returns it is painted, and shown."""
    one = Compositor(name, kind, f"/run/lab/{name}")
    show(host, desktop, one)
    one.start(host, desktop.outer)
    # By its colour alone it could not be told from the screen's sway; and a window that comes up later than that would
    # stand on whichever workspace is shown by then.
    wait_until(lambda: _has_window(host, desktop, name), START_LIMIT, f"the window of {name} on {host.name}")
    screen.wait_painted(host, desktop, KINDS[kind].background, f"the empty {name}")
    return one


def show(host: Host, desktop: Desktop, one: Compositor | None) -> None:
    """Shows that compositor's workspace, the session's for None."""
    host.must(["swaymsg", "--quiet", "workspace", one.name if one else _FIRST], desktop.screen)


def _has_window(host: Host, desktop: Desktop, workspace: str) -> bool:
    tree = json.loads(host.must(["swaymsg", "--raw", "--type", "get_tree"], desktop.screen))
    here = [one for output in tree["nodes"] for one in output["nodes"] if one["name"] == workspace]
    return any(one["nodes"] or one["floating_nodes"] for one in here)
