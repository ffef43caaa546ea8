# SPDX-License-Identifier: MIT
"""`./lab test`: every test there is, one line each as it ends, one line of counts at the end.

Two kinds are run: what ctest knows (unit, wire, fakes, built with sanitizers), in the build chamber; and the
Python modules tests/lab/test_*.py, which bring up hosts and look at screens. In CI (CI=true) a skip counts
as a failure, because there nobody reads why something was skipped.
"""

from __future__ import annotations

import os
import re
import sys
import time
import unittest
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import dataclass

from . import build, places, say
from .errors import LabError
from .lane import Lane

_JUNIT = "ctest.xml"
_LAB_TESTS = places.TREE / "tests" / "lab"

# Tests that wait for daemons and limits more than for a processor: they go on beside the others, on hosts of their own.
_BESIDE = {"test_engines", "test_hanging_criu", "test_lazy_failures"}


@dataclass
class Counts:
    """How many tests ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def strict(self) -> Counts:
        """The same, with skips as failures."""
        return Counts(self.passed, self.failed + self.skipped, 0)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(filters: list[str]) -> int:
    """Runs the tests whose name contains one of FILTERS (all without); the exit code."""
    lab = _lab_tests(filters)
    build.install()
    counts = Counts()
    # Filters that all name tests of the lab ask for nothing of ctest's, nor for its build.
    if not filters or not all(any(f in test.id() for test in lab) for f in filters):
        build.tests()
        counts += _run_ctest(filters)
    counts += _run_lab(lab)
    if os.environ.get("CI") == "true":
        counts = counts.strict()
    if counts == Counts():
        print(f"no test matches {' '.join(filters)}")
        return 1
    print(counts)
    return 1 if counts.failed else 0


def _run_ctest(filters: list[str]) -> Counts:
    say.step("unit, wire and fake tests")
    report = places.BUILD_DIR / "out" / _JUNIT
    report.unlink(missing_ok=True)
    argv = ["ctest", "--test-dir", build.SANITIZE, "--output-junit", f"{places.INNER_BUILD}/{_JUNIT}"]
    argv += ["--output-on-failure", "--no-tests=ignore", "-j", str(os.cpu_count() or 1)]
    if filters:
        argv += ["-R", "|".join(re.escape(f) for f in filters)]
    code = build.run(argv)
    counts = _read_junit(report.read_text()) if report.exists() else Counts()
    if code != 0 and counts.failed == 0:
        # ctest itself failed; its own words are on the screen already.
        counts.failed = 1
    return counts


def _read_junit(text: str) -> Counts:
    counts = Counts()
    for case in ElementTree.fromstring(text).iter("testcase"):
        if case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            counts.skipped += 1
        elif case.find("failure") is not None or case.get("status") == "fail":
            counts.failed += 1
        else:
            counts.passed += 1
    return counts


def _lab_tests(filters: list[str]) -> list[unittest.TestCase]:
    sys.path.insert(0, str(_LAB_TESTS))
    found = unittest.defaultTestLoader.discover(str(_LAB_TESTS), pattern="test_*.py", top_level_dir=str(_LAB_TESTS))
    return [t for t in _flatten(found) if not filters or any(f in t.id() for f in filters)]


def _flatten(suite: unittest.TestSuite) -> Iterator[unittest.TestCase]:
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _flatten(item)
        else:
            yield item


def _run_lab(tests: list[unittest.TestCase]) -> Counts:
    if not tests:
        return Counts()
    say.step("lab tests")
    beside = [test for test in tests if type(test).__module__ in _BESIDE]
    others = [test for test in tests if type(test).__module__ not in _BESIDE]
    if not beside or not others:
        return run_tests(tests)
    lane = Lane(lambda: run_tests(beside))
    return run_tests(others) + lane.result()


def run_tests(tests: list[unittest.TestCase]) -> Counts:
    """Runs these tests of unittest's and prints how each ends."""
    result = _Result()
    unittest.TestSuite(tests).run(result)
    return result.counts


class _Result(unittest.TestResult):
    """Prints each test as it ends, and has a failed one keep its evidence while its hosts are still up."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = Counts()
        self._start = time.monotonic()
        self._bad = False

    def startTest(self, test: unittest.TestCase) -> None:
        super().startTest(test)
        self._start, self._bad = time.monotonic(), False

    def addSuccess(self, test: unittest.TestCase) -> None:
        super().addSuccess(test)
        self.counts.passed += 1
        self._line("passed", test)

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        super().addSkip(test, reason)
        self.counts.skipped += 1
        self._line("skipped", test, reason)

    def addFailure(self, test: unittest.TestCase, err: object) -> None:
        super().addFailure(test, err)  # type: ignore[arg-type]
        self._failed(test, self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: object) -> None:
        super().addError(test, err)  # type: ignore[arg-type]
        self._failed(test, self.errors[-1][1])

    def addSubTest(self, test: unittest.TestCase, subtest: unittest.TestCase, err: object) -> None:
        # Of a test with a failed part unittest reports the part only, and only here.
        super().addSubTest(test, subtest, err)  # type: ignore[arg-type]
        if err is not None:
            trace = next(text for part, text in reversed(self.failures + self.errors) if part is subtest)
            self._failed(test, f"{subtest.id()}\n{trace}")

    def _failed(self, test: unittest.TestCase, trace: str) -> None:
        if self._bad:
            # A test that fails, and then fails to clean up, is one failed test with one set of evidence.
            print(f"and then: {trace.strip().splitlines()[-1]}", flush=True)
            return
        self._bad = True
        self.counts.failed += 1
        self._line("FAILED", test, f"\n{trace}")
        keep = getattr(test, "keep_evidence", None)
        if keep is None:
            return
        try:
            print(f"evidence: {keep()}", flush=True)
        except (LabError, OSError) as error:
            print(f"evidence is incomplete: {error}", flush=True)  # of hosts that have died, perhaps
        print(f"run it again: ./lab test {test.id()}", flush=True)

    def _line(self, outcome: str, test: unittest.TestCase, note: str = "") -> None:
        seconds = time.monotonic() - self._start
        # In one piece: others print beside this.
        print(f"{outcome:8}{seconds:7.2f} s  {test.id()}  {note}".rstrip() + "\n", end="", flush=True)
