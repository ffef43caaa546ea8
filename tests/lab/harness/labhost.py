# SPDX-License-Identifier: MIT
"""Hosts as a test sees them: things to run, type, click, look at and count."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from testbed import cable, hands, places, runs, screen
from testbed.desktop import Desktop
from testbed.errors import LabError
from testbed.host import Host
from testbed.picture import Picture
from testbed.runs import Run
from testbed.wait import wait_until

from . import census

# What takes tenths of a second on an idle machine; a failing test may wait this long before it says so.
LIMIT = 20.0


# Logs and states, wherever they are; not memory images, and not what is mounted below.
_PACK_EVIDENCE = """
    cd / && find run/wayferry var/lib/wayferry var/log -xdev -type f -size -4M -print0 |
    tar -cf - --null --files-from=- --ignore-failed-read
"""


class LabHost:
    """One host of a test."""

    def __init__(self, host: Host, desktop: Desktop) -> None:
        self.host = host
        self.desktop = desktop
        self.name = host.name
        #: What run_app() makes containers from.
        self.app_base = ["--rootfs", places.INNER_DESKTOP]

    # Running

    def run(self, *argv: str, limit: float = 60.0, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Runs a command in the desktop session; the caller judges the outcome."""
        return self.host.run(list(argv), self.desktop.session, limit=limit, stdin=stdin)

    def must(self, *argv: str, limit: float = 60.0, stdin: bytes = b"") -> str:
        """Runs a command that has to succeed; its standard output."""
        return self.host.must(list(argv), self.desktop.session, limit=limit, stdin=stdin)

    def start(self, *argv: str, log: str = "app") -> None:
        """Starts a program in the session and leaves it running; its output goes to the log of that name."""
        self.host.service(log, list(argv), self.desktop.session)

    def wayferry(self, *argv: str, limit: float = 120.0) -> str:
        """Runs wayferry with success demanded; its standard output."""
        return self.must("wayferry", *argv, limit=limit)

    def wayferry_fails(self, *argv: str, code: int = 1, env: dict[str, str] | None = None, limit: float = 120.0) -> str:
        """Runs wayferry, failure with this exit code demanded; what it said."""
        settings = [f"{key}={value}" for key, value in (env or {}).items()]
        done = self.run("env", *settings, "wayferry", *argv, limit=limit)
        said = (done.stderr + done.stdout).decode(errors="replace")
        if done.returncode != code:
            raise AssertionError(f"wayferry {' '.join(argv)} ended with {done.returncode}, not {code}: {said}")
        return said

    def wayferry_json(self, *argv: str) -> Any:
        """As wayferry(), with --json, read."""
        return json.loads(self.wayferry(*argv, "--json"))

    def sessions(self) -> list[str]:
        """The names of wayferry's sessions here."""
        return [session["container"]["name"] for session in self.wayferry_json("ps")]

    def session_state(self, name: str) -> str | None:
        """"running", "moving", … of the session here, None if there is no such."""
        for session in self.wayferry_json("ps"):
            if session["container"]["name"] == name:
                return str(session["state"])
        return None

    def run_app(self, name: str, *command: str, env: dict[str, str] | None = None, animated: bool = False) -> None:
        """Starts an app under wayferry and waits until its window is on the screen, and at rest unless it is
        ANIMATED."""
        settings = [word for key, value in (env or {}).items() for word in ("--env", f"{key}={value}")]
        empty = self.shot()
        options = ["--name", name, *self.app_base, *settings]
        log = f"wayferry-run-{name}"
        self.start("wayferry", "run", *options, "--", *command, log=log)
        try:
            self.wait_for_window(empty, animated=animated)
        except LabError as error:
            raise LabError(f"{error}; wayferry run said:\n{self.host.log(log).read_text()}") from error

    def wait_for_log(self, name: str, text: str) -> str:
        """Waits until the app of the session has printed TEXT; everything it has printed on this host."""
        printed = ""

        def there() -> bool:
            nonlocal printed
            printed = self.wayferry("logs", name)
            return text in printed

        wait_until(there, LIMIT, f"'{text}' in the output of {name} on {self.name}")
        return printed

    def wait_for_socket(self, path: str) -> None:
        """Waits until somebody listens at PATH."""
        wait_until(self.host.path(path).is_socket, LIMIT, f"{path} on {self.name}")

    def pids(self, name: str) -> list[int]:
        """The pids of processes with this command name."""
        return [int(word) for word in self.run("pgrep", "-x", name).stdout.split()]

    # Hands

    def type(self, text: str) -> None:
        """Types; a line break is Return."""
        hands.type_text(self.host, self.desktop, text)

    def key(self, chord: str) -> None:
        """Presses keys together."""
        hands.key(self.host, self.desktop, chord)

    def point(self, x: int, y: int) -> None:
        """Moves the pointer."""
        hands.point(self.host, self.desktop, x, y)

    def click(self, x: int, y: int, button: str = "left") -> None:
        """Moves the pointer and clicks."""
        self.point(x, y)
        hands.click(self.host, self.desktop, button)

    # Eyes

    def shot(self) -> Picture:
        """The screen now."""
        return screen.picture(self.host, self.desktop)

    def wait_for_picture(self, look: Callable[[Picture], bool], what: str, limit: float = LIMIT) -> Picture:
        """Waits for a screen that LOOK accepts and that has come to rest: two pictures running are equal."""
        last: Picture | None = None

        def at_rest() -> Picture | None:
            nonlocal last
            before, last = last, self.shot()
            return last if before == last and look(last) else None

        picture = wait_until(at_rest, limit, f"{what} on {self.name}")
        assert picture is not None
        return picture

    def wait_for_change(self, before: Picture) -> Picture:
        """Waits until the screen shows something else than BEFORE, and has come to rest."""
        return self.wait_for_picture(lambda now: now != before, "a change of the screen")

    def wait_for_window(self, empty: Picture, *, animated: bool) -> Picture:
        """Waits until something stands on the EMPTY screen; what is ANIMATED does not come to rest."""
        if not animated:
            return self.wait_for_change(empty)
        return self.wait_for_pictures(1, {empty})[0]

    def wait_for_pictures(self, count: int, known: set[Picture]) -> list[Picture]:
        """Waits for that many screens that are new: unlike those KNOWN and unlike each other."""
        seen: list[Picture] = []

        def enough() -> bool:
            now = self.shot()
            if now not in known and now not in seen:
                seen.append(now)
            return len(seen) >= count

        wait_until(enough, LIMIT, f"{count} new pictures on {self.name}")
        return seen

    def type_and_see(self, text: str) -> Picture:
        """Types and waits for the screen to follow, which it must, and not only with what was under way."""
        before = self.wait_for_picture(lambda _: True, "a screen at rest")
        self.type(text)
        return self.wait_for_change(before)

    def ask_shell(self, command: str) -> str:
        """Types a command into the terminal that has the focus and returns what it printed.

        It goes by way of a file in the terminal's own /tmp, found through the shell's root folder, because
        that works for an app in a container as well as for one outside.
        """
        shells = self.pids("bash")
        self.type(f"{{ {command}; }} > /tmp/answer; mv /tmp/answer /tmp/answered\n")
        said = wait_until(
            lambda: self._taken(shells, "answered"),
            LIMIT,
            f"the shell on {self.name} to run {shlex.quote(command)}",
        )
        assert said is not None
        return said.rstrip("\0").strip()

    def take_from_shell(self, file: str) -> bool:
        """Whether a shell made a file of that name in the terminal's own /tmp; it is gone then."""
        return self._taken(self.pids("bash"), file) is not None

    def _taken(self, shells: list[int], file: str) -> str | None:
        # With a zero byte, so that nothing is something else than an empty file.
        for shell in shells:
            found = self.run("sh", "-c", f"cd /proc/{shell}/root/tmp && cat {file} && rm {file}")
            if found.returncode == 0:
                return found.stdout.decode() + "\0"
        return None

    def census(self) -> census.Census:
        """Counts what the host holds."""
        return census.take(self.host)


class Lab:
    """The hosts of a test class and the cables between them."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.hosts = {name: LabHost(host, run.desktop) for name, host in run.hosts.items()}

    @classmethod
    def up(cls, names: list[str], compositor: str, *, only_cgroup_v2: bool = False) -> Lab:
        """Brings up hosts with what was built last; the suite has built before."""
        return cls(runs.start(names, Desktop(compositor), only_cgroup_v2=only_cgroup_v2))

    def down(self) -> None:
        """Ends them."""
        self._run.down()

    def rate(self, limit: str) -> None:
        """Limits the cables."""
        cable.rate(list(self._run.hosts.values()), limit)

    def cut(self) -> None:
        """Pulls the cables."""
        cable.cut(list(self._run.hosts.values()))

    def mend(self) -> None:
        """Puts the cables back."""
        cable.mend(list(self._run.hosts.values()))

    def keep_evidence(self, folder: Path) -> None:
        """Copies logs, screens and wayferry's own logs of every host to FOLDER, replacing what is there."""
        shutil.rmtree(folder, ignore_errors=True)
        for name, one in self.hosts.items():
            shutil.copytree(one.host.folder / "logs", folder / name / "logs")
            screen.save(one.host, one.desktop, folder / name / "screen.png")
            (folder / name / "wayferry.tar").write_bytes(one.run("sh", "-c", _PACK_EVIDENCE).stdout)
            (folder / name / "processes.txt").write_bytes(one.run("ps", "-efww", "--forest").stdout)
