# SPDX-License-Identifier: MIT
"""What each verb of ./lab does, in terms of the modules that can do it.

The big ones (demo, test, check) have modules of their own and are only called from here.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
from itertools import product
from pathlib import Path

from . import build, cable, hands, places, runs, say, screen
from .desktop import Desktop
from .errors import LabError
from .host import Host
from .runs import Run

DEFAULT_RUN = f"standing-{places.TREE_KEY}"


def up(args: argparse.Namespace) -> int:
    """Builds; starts the hosts, or installs the build on those that are up."""
    if args.no_build:
        build.keep_last_install()
    else:
        build.install()
    run = runs.find(args.run)
    if run is not None and run.dead():
        run.down()
        run = None
    if run is not None:
        _refresh(run)
    else:
        desktop = Desktop(args.compositor, args.background)
        run = runs.start(args.hosts.split(","), desktop, standing=args.run, only_cgroup_v2=args.cgroup_v2)
    say.step(f"up: {', '.join(run.hosts)} ({run.desktop.compositor}); logs below {run.folder}")
    return 0


def _refresh(run: Run) -> None:
    with tempfile.TemporaryDirectory(dir=run.folder) as folder:
        copy = Path(folder) / "install"
        build.copy_install(copy)
        packed = subprocess.run(["tar", "-C", str(copy), "-cf", "-", "usr"], capture_output=True, check=True).stdout
    for host in run.hosts.values():
        # Programs that run keep their old file: a busy one cannot be overwritten, only replaced.
        host.must(["tar", "-C", "/", "--no-overwrite-dir", "-xf", "-"], stdin=packed)


def down(args: argparse.Namespace) -> int:
    """Ends the standing run, and leftovers of killed ones."""
    run = runs.find(args.run)
    if run is not None:
        run.down()
    runs.clean()
    return 0


def status(args: argparse.Namespace) -> int:
    """Lists hosts."""
    run = _standing(args)
    for host in run.hosts.values():
        print(f"{host.name}\t{host.address}\t{run.desktop.compositor}\tpid {host.init.pid}\t{host.folder / 'logs'}")
    return 0


def exec_in(args: argparse.Namespace) -> int:
    """Becomes a command in the session: stdin, terminal, signals and exit code are its own."""
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise LabError("nothing to run; say: ./lab exec HOST -- CMD…")
    return _become(args, command)


def shell(args: argparse.Namespace) -> int:
    """A login shell in the session."""
    return _become(args, ["bash", "-l"])


def _become(args: argparse.Namespace, command: list[str]) -> int:
    run, host = _standing_host(args)
    env = {**run.desktop.session, "TERM": os.environ.get("TERM", "dumb")}
    argv = host.command(command, env)
    os.execvp(argv[0], argv)


def link(args: argparse.Namespace) -> int:
    """The cable."""
    hosts = list(_standing(args).hosts.values())
    if args.cut:
        cable.cut(hosts)
    elif args.join:
        cable.mend(hosts)
    else:
        cable.rate(hosts, args.rate)
    return 0


def type_text(args: argparse.Namespace) -> int:
    """Typing."""
    run, host = _standing_host(args)
    hands.type_text(host, run.desktop, args.text.replace("\\n", "\n"))
    return 0


def key(args: argparse.Namespace) -> int:
    """A chord."""
    run, host = _standing_host(args)
    hands.key(host, run.desktop, args.chord)
    return 0


def point(args: argparse.Namespace) -> int:
    """The pointer."""
    run, host = _standing_host(args)
    hands.point(host, run.desktop, args.x, args.y)
    if args.click:
        hands.click(host, run.desktop, "left" if args.click == "click" else args.click)
    return 0


def shot(args: argparse.Namespace) -> int:
    """A picture."""
    run, host = _standing_host(args)
    screen.save(host, run.desktop, Path(args.file))
    return 0


def build_tree(_: argparse.Namespace) -> int:
    """Both presets."""
    build.install()
    build.tests()
    return 0


def demo(_: argparse.Namespace) -> int:
    """The demonstration."""
    from . import demo as module

    return module.run()


def test(args: argparse.Namespace) -> int:
    """All tests."""
    from . import suite

    return suite.run(args.filter)


def coverage(args: argparse.Namespace) -> int:
    """The coverage table."""
    from . import suite

    os.environ["WAYFERRY_COVERAGE"] = "write"
    os.environ["WAYFERRY_COVERAGE_APPS"] = ",".join(args.app)
    return suite.run(["test_coverage"])


def bench(args: argparse.Namespace) -> int:
    """Figures."""
    if args.what == "lazy":
        from . import bench_lazy

        of_each = product(args.cables, args.touches, args.contents, args.sizes)
        return bench_lazy.run([bench_lazy.Case(*values) for values in of_each], args.ways, args.repeat)
    if args.what == "engines":
        from . import bench_engines

        return bench_engines.run(args.engines)
    from . import bench as module

    return module.run(args.what)


def check(args: argparse.Namespace) -> int:
    """What a test run does not look at."""
    from . import check as module
    from . import fuzz

    if args.input:
        return 0 if fuzz.again(args.input) else 1
    return module.run(args.only or module.CHECKS, fix=args.fix, seconds=args.seconds)


def _standing(args: argparse.Namespace) -> Run:
    run = runs.find(args.run)
    if run is None:
        raise LabError("no hosts are up; bring them up with: ./lab up")
    if run.dead():
        raise LabError(f"{', '.join(run.dead())} died; logs below {run.folder}; start again with: ./lab up")
    return run


def _standing_host(args: argparse.Namespace) -> tuple[Run, Host]:
    run = _standing(args)
    return run, run.host(args.host)
