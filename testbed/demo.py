# SPDX-License-Identifier: MIT
"""`./lab demo`: a terminal moves from alpha to beta while you watch.

Leaves out/demo/before.png (alpha, typed into), after.png (beta, nothing touched yet) and typed.png (beta,
typed into), and prints what `wayferry move` reports.
"""

from __future__ import annotations

from . import build, desktop, hands, places, runs, say, screen
from .errors import LabError
from .host import Host
from .picture import Picture
from .runs import Run
from .wait import wait_until

_TEXT_BEFORE = 'V=carried; for i in $(seq 20); do echo "line $i, shell $$, before the move"; done\n'
_TEXT_AFTER = 'echo "after the move: shell $$, variable $V"\n'

# Starting a container, or drawing, takes tenths of a second; these are for machines that have other work.
_LIMIT = 30.0

_OUT = places.OUT_DIR / "demo"


def run() -> int:
    """The whole demonstration; 0 if the terminal went on at beta."""
    build.install()
    here = runs.start(["alpha", "beta"], desktop.Desktop("sway"))
    try:
        _show(here)
    finally:
        here.down()
    return 0


def _show(here: Run) -> None:
    alpha, beta = here.hosts.values()
    say.step("alpha: wayferry run --name term --rootfs /srv/desktop -- foot")
    empty = screen.picture(alpha, here.desktop)
    command = ["wayferry", "run", "--name", "term", "--rootfs", places.INNER_DESKTOP, "--"]
    alpha.service("wayferry-run", [*command, "foot", "-o", "cursor.blink=no"], here.desktop.session)
    _changed(here, alpha, empty)
    _type(here, alpha, _TEXT_BEFORE)
    screen.save(alpha, here.desktop, _OUT / "before.png")

    say.step("alpha: wayferry move term beta")
    print(_move(here, alpha), end="", flush=True)
    _changed(here, beta, empty)
    screen.save(beta, here.desktop, _OUT / "after.png")
    _type(here, beta, _TEXT_AFTER)
    screen.save(beta, here.desktop, _OUT / "typed.png")
    say.step(f"pictures: {_OUT}/before.png, after.png, typed.png")


def _move(here: Run, alpha: Host) -> str:
    done = alpha.run(["wayferry", "move", "term", "beta"], here.desktop.session, limit=120)
    report = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode != 0:
        raise LabError(f"wayferry move failed with {done.returncode}:\n{report}")
    return report


def _type(here: Run, host: Host, text: str) -> None:
    before = screen.picture(host, here.desktop)
    hands.type_text(host, here.desktop, text)
    _changed(here, host, before)


def _changed(here: Run, host: Host, before: Picture) -> None:
    """Waits until the screen shows something else than BEFORE and has come to rest."""
    last = before

    def at_rest() -> bool:
        nonlocal last
        now = screen.picture(host, here.desktop)
        rests = now == last and now != before
        last = now
        return rests

    try:
        wait_until(at_rest, _LIMIT, f"the screen of {host.name} to change and come to rest")
    except LabError as error:
        logs = "\n".join(log.read_text(errors="replace")[-2000:] for log in host.folder.glob("logs/wayferry*"))
        raise LabError(f"{error}\n{logs}") from error
