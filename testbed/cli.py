# SPDX-License-Identifier: MIT
"""The command line: verbs, their options, and which function does each.

Nothing is done here that a test would want to do too; this module only reads words and calls.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from . import bench_engines, bench_lazy, verbs
from .bench_ways import WAYS
from .check import CHECKS
from .desktop import COMPOSITORS, DEFAULT_BACKGROUND
from .errors import LabError

Verb = Callable[[argparse.Namespace], int]

if TYPE_CHECKING:
    _Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def main(argv: list[str]) -> int:
    """Runs one verb; its exit code."""
    args = _parser().parse_args(argv)
    try:
        verb: Verb = args.verb
        return verb(args)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./lab", description="Whole hosts on one machine, to try wayferry and to test it."
    )
    parser.add_argument("--run", default=verbs.DEFAULT_RUN, help="name of the standing run (default: one a tree)")
    sub = parser.add_subparsers(required=True, metavar="VERB")
    _host_verbs(sub)
    _hand_verbs(sub)
    _whole_verbs(sub)
    return parser


def _add(sub: _Verbs, name: str, verb: Verb, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = sub.add_parser(name, help=text, description=text)
    parser.set_defaults(verb=verb)
    return parser


def _host_verbs(sub: _Verbs) -> None:
    up = _add(sub, "up", verbs.up, "build, and bring hosts up; on hosts that are up, install the new build")
    up.add_argument("--compositor", choices=COMPOSITORS, default="sway")
    up.add_argument("--hosts", default="alpha,beta", help="names, by comma (default: alpha,beta)")
    up.add_argument("--background", default=DEFAULT_BACKGROUND, help="colour of the desktop, six hex digits")
    up.add_argument("--cgroup-v2", action="store_true", help="hosts that see version 2 control groups only")
    up.add_argument("--no-build", action="store_true", help="use the last build that succeeded")
    _add(sub, "down", verbs.down, "end the hosts and remove every trace of them")
    _add(sub, "status", verbs.status, "list the hosts that are up, and where their logs are")
    run = _add(sub, "exec", verbs.exec_in, "run a command in a host's desktop session")
    run.add_argument("host")
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD…")
    shell = _add(sub, "shell", verbs.shell, "a shell in a host's desktop session")
    shell.add_argument("host")
    link = _add(sub, "link", verbs.link, "the cable between the hosts")
    what = link.add_mutually_exclusive_group(required=True)
    what.add_argument("--rate", help="limit both directions, e.g. 1gbit, 100mbit; none lifts the limit")
    what.add_argument("--cut", action="store_true", help="pull the plug")
    what.add_argument("--join", action="store_true", help="put it back")


def _hand_verbs(sub: _Verbs) -> None:
    typing = _add(sub, "type", verbs.type_text, r"type a text; \n is Return")
    typing.add_argument("host")
    typing.add_argument("text")
    key = _add(sub, "key", verbs.key, "press keys together, e.g. ctrl+l")
    key.add_argument("host")
    key.add_argument("chord")
    point = _add(sub, "point", verbs.point, "move the pointer, and click if asked")
    point.add_argument("host")
    point.add_argument("x", type=int)
    point.add_argument("y", type=int)
    point.add_argument("click", nargs="?", choices=["click", "left", "right", "middle"])
    shot = _add(sub, "shot", verbs.shot, "photograph the screen into a PNG file")
    shot.add_argument("host")
    shot.add_argument("file")


def _whole_verbs(sub: _Verbs) -> None:
    _add(sub, "build", verbs.build_tree, "build the tree and its tests")
    _add(sub, "demo", verbs.demo, "move a terminal from alpha to beta; pictures in out/demo")
    test = _add(sub, "test", verbs.test, "run every test")
    test.add_argument("filter", nargs="*", help="only tests whose name contains one of these")
    bench = _add(sub, "bench", verbs.bench, "measure the relay, moves and switches; asserts nothing")
    bench.add_argument("what", nargs="?", choices=["relay", "move", "switch", "engines", "lazy", "all"], default="all")
    engines = ",".join(bench_engines.ENGINES)
    of_engines = f"of `bench engines`, by comma: {engines}"
    bench.add_argument("--engines", type=_some_of(bench_engines.ENGINES), default=engines, help=of_engines)
    _lazy_choices(bench)
    coverage = _add(sub, "coverage", verbs.coverage, "try every app between all compositors; writes docs/coverage.md")
    coverage.add_argument("app", nargs="*", help="only the rows whose name contains one of these")
    check = _add(sub, "check", verbs.check, "format, clang-tidy, size figures, threads, fuzzing")
    check.add_argument("--fix", action="store_true", help="bring the format in order")
    check.add_argument("--only", choices=CHECKS, action="append", help="this one (may be given more than once)")
    check.add_argument("--seconds", type=int, default=60, help="for each fuzz target (default: 60)")
    check.add_argument("--input", type=Path, help="run one input that a fuzzer has kept again, nothing else")


def _lazy_choices(bench: argparse.ArgumentParser) -> None:
    """Of `bench lazy`, which is long in full and not a part of "all"."""
    group = bench.add_argument_group("bench lazy", "lists by comma")
    sizes = ",".join(map(str, bench_lazy.SIZES))
    group.add_argument("--sizes", type=_sizes, default=sizes, help=f"MB; default: {sizes}")
    for name, choices in (("cables", bench_lazy.CABLES), ("contents", bench_lazy.CONTENTS), ("ways", list(WAYS))):
        everything = ",".join(choices)
        group.add_argument(f"--{name}", type=_some_of(choices), default=everything, help=f"default: {everything}")
    touches = "of the process's working set, or all its memory so that most of it is waited for (default: set)"
    group.add_argument("--touches", type=_some_of(bench_lazy.TOUCHES), default="set", help=touches)
    group.add_argument("--repeat", type=_positive, default=1, help="moves a way, of which medians are shown (default: 1)")


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f'"{text}" is no positive number')
    return int(text)


def _sizes(text: str) -> list[int]:
    return [_positive(size) for size in text.split(",")]


def _some_of(choices: list[str]) -> Callable[[str], list[str]]:
    """What reads a list by comma of these."""

    def read(text: str) -> list[str]:
        chosen = text.split(",")
        for name in chosen:
            if name not in choices:
                raise argparse.ArgumentTypeError(f'"{name}" is none of {", ".join(choices)}')
        return chosen

    return read
