# SPDX-License-Identifier: MIT
"""`./lab check`: what a test run does not look at, because it is slow or runs nothing.

Format, clang-tidy, size figures, the thread sanitizer over what has threads, and the fuzzers; each says its
verdict, all are run even if one fails. The compiler's own warnings are errors in every build and need no check
here.
"""

from __future__ import annotations

import os
import shlex

from . import build, figures, fuzz, places, say

CHECKS = ["format", "figures", "threads", "clang-tidy", "fuzz"]


def run(wanted: list[str], *, fix: bool, seconds: int) -> int:
    """Runs the WANTED checks; 0 if none complains. FIX brings the format in order instead of complaining of it;
    each fuzz target gets SECONDS."""
    checks = {
        "format": lambda: _format(fix),
        "figures": lambda: figures.report(places.TREE),
        "threads": _threads,
        "clang-tidy": _tidy,
        "fuzz": lambda: fuzz.run(seconds),
    }
    verdicts = {name: checks[name]() for name in CHECKS if name in wanted}
    for name, good in verdicts.items():
        say.step(f"{name}: {'good' if good else 'NOT good'}")
    return 0 if all(verdicts.values()) else 1


def _format(fix: bool) -> bool:
    say.step("format")
    files = " ".join(shlex.quote(str(f.relative_to(places.TREE))) for f in figures.cpp_files(places.TREE))
    what = "-i" if fix else "--dry-run -Werror"
    return build.run(["sh", "-c", f"clang-format {what} {files}"], change_tree=fix) == 0


def _threads() -> bool:
    build.thread_tests()
    say.step("the thread sanitizer over the pages' tests")
    # Address space randomisation can put mappings where the sanitizer keeps its own.
    argv = ["timeout", "300", "setarch", "-R", f"{build.THREAD}/tests/pages_tests", "--gtest_brief=1"]
    argv += ["--gtest_filter=-BigPages*"]  # one thread, and they count memory, of which the sanitizer adds its own
    return build.run(argv) == 0


def _tidy() -> bool:
    build.install()
    build.tests()
    say.step("clang-tidy")
    # The tests are only in the one build, the lab's seat only in the other. A module's files are compiled as
    # one (cmake/Module.cmake), so they are looked at as one.
    tree = places.INNER_TREE
    shipped = _tidy_of(build.RELEASE, f"^({build.RELEASE}/src/.*/Unity/|{tree}/(src|scanner|testbed/seat)/)")
    return _tidy_of(build.SANITIZE, f"^{tree}/tests/") and shipped


def _tidy_of(folder: str, sources: str) -> bool:
    argv = ["run-clang-tidy", "-quiet", "-p", folder, "-j", str(os.cpu_count() or 1)]
    # The compile commands are for g++ and name warnings that clang does not have.
    argv += ["-warnings-as-errors=*", "-extra-arg=-Wno-unknown-warning-option", sources]
    return build.run(argv) == 0
