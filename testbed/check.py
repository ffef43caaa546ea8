# SPDX-License-Identifier: MIT
"""`./lab check`: what can be said of the code without running it.

Format, clang-tidy, size figures; each says its verdict, all are run even if one fails. The compiler's own
warnings are errors in every build and need no check here.
"""

from __future__ import annotations

import os
import shlex

from . import build, figures, places, say

FOLDERS = ["src", "scanner", "tests", "testbed/seat"]


def run(*, fix: bool) -> int:
    """Runs all checks; 0 if none complains. FIX brings the format in order instead of complaining of it."""
    verdicts = {"format": _format(fix), "clang-tidy": _tidy(), "figures": figures.report(places.TREE)}
    for name, good in verdicts.items():
        say.step(f"{name}: {'good' if good else 'NOT good'}")
    return 0 if all(verdicts.values()) else 1


def _format(fix: bool) -> bool:
    say.step("format")
    files = " ".join(shlex.quote(str(f.relative_to(places.TREE))) for f in figures.cpp_files(places.TREE))
    what = "-i" if fix else "--dry-run -Werror"
    return build.run(["sh", "-c", f"clang-format {what} {files}"], change_tree=fix) == 0


def _tidy() -> bool:
    build.install()
    build.tests()
    say.step("clang-tidy")
    # The tests are only in the one build, the lab's seat only in the other.
    shipped = _tidy_of(build.RELEASE, [folder for folder in FOLDERS if folder != "tests"])
    return _tidy_of(build.SANITIZE, ["tests"]) and shipped


def _tidy_of(folder: str, sources: list[str]) -> bool:
    ours = f"^{places.INNER_TREE}/({'|'.join(sources)})/"
    argv = ["run-clang-tidy", "-quiet", "-p", folder, "-j", str(os.cpu_count() or 1)]
    # The compile commands are for g++ and name warnings that clang does not have.
    argv += ["-warnings-as-errors=*", "-extra-arg=-Wno-unknown-warning-option", ours]
    return build.run(argv) == 0
