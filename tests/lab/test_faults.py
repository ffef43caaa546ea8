# SPDX-License-Identifier: MIT
"""A move broken at every one of its steps, in every way there is: exactly one living terminal, each time.

The steps and the ways are those of wayferry's own failure points (src/move/fault.h): a step fails, ssh is killed,
the mover is killed, and the same on the target. Which side has the terminal afterwards is part of what is
asserted, because it is decided by design: up to the handover the source, from it on the target.
"""

from __future__ import annotations

from harness import LabHost, LabTest, Terminal, wait_until

_UP_TO_CHECKPOINT = ["look", "connect", "check", "files", "pre-warm", "early", "barrier", "pause", "seal", "checkpoint"]
_SOURCE_STEPS = [*_UP_TO_CHECKPOINT, "send", "restore", "commit"]
_TARGET_STEPS = ["check", "prepare", "files", "pre-warm", "receive", "restore", "adopt", "ready"]

_KILLED = -9


class _Broken(LabTest):
    """One terminal is broken at again and again, and goes on after each."""

    MODE = "eager"

    def setUp(self) -> None:
        super().setUp()
        self.terminal = Terminal(self)

    def break_at(self, point: str, code: int = 1) -> str:
        """A move that fails at this point."""
        words = ["move", self.terminal.name, "beta", "--mode", self.MODE]
        return self.alpha.wayferry_fails(*words, code=code, env={"WAYFERRY_FAIL_AT": point})

    def break_and_arrive(self, point: str) -> str:
        """A move that succeeds in spite of this point; what it said."""
        words = ["wayferry", "move", self.terminal.name, "beta", "--mode", self.MODE]
        return self.alpha.must("env", f"WAYFERRY_FAIL_AT={point}", *words)

    def resolve(self) -> None:
        """Settles what a mover left that could not clean up."""
        name = self.terminal.name
        wait_until(lambda: self.alpha.session_state(name) == "in doubt", 10, "the session to be in doubt")
        self.alpha.wayferry("resolve", name)

    def resolve_killed(self) -> None:
        """Settles what a killed mover left in doubt."""
        self.resolve()

    def demand_living(self, here: LabHost) -> None:
        """It lives here; and for the next break it is brought back to alpha."""
        self.terminal.demand_living(here)
        if here is self.beta:
            self.terminal.move(self.beta, self.alpha)


class EveryStep(_Broken):
    """The steps up to which the source decides."""

    def test_a_step_of_the_source_fails(self) -> None:
        for step in _SOURCE_STEPS:
            with self.subTest(step):
                said = self.break_at(step)
                self.assertIn(f"alpha: made to fail by WAYFERRY_FAIL_AT={step}", said)
                self.assertIn(f"(step {step}; term goes on running on alpha)", said)
                self.demand_living(self.alpha)

    def test_a_step_of_the_target_fails(self) -> None:
        for step in _TARGET_STEPS:
            with self.subTest(step):
                said = self.break_at(f"target:{step}")
                self.assertIn(f"beta: made to fail by WAYFERRY_FAIL_AT={step}", said)
                self.assertIn("term goes on running on alpha)", said)
                self.demand_living(self.alpha)

    def test_ssh_is_killed(self) -> None:
        for step in _SOURCE_STEPS:
            with self.subTest(step):
                said = self.break_at(f"kill:{step}")
                self.assertIn("beta:", said)
                self.assertIn("term goes on running on alpha)", said)
                self.demand_living(self.alpha)

    def test_the_mover_is_killed(self) -> None:
        for step in _SOURCE_STEPS:
            with self.subTest(step):
                self.break_at(f"die:{step}", code=_KILLED)
                self.demand_living(self.alpha)
                # It had been started before, and waited.
                no_criu = lambda: self.alpha.run("pgrep", "-x", "criu").returncode == 1
                wait_until(no_criu, 20.0, "the end of CRIU")

    def test_the_receiver_is_killed(self) -> None:
        for step in _TARGET_STEPS:
            with self.subTest(step):
                said = self.break_at(f"target:die:{step}")
                self.assertIn("beta:", said)
                self.assertIn("term goes on running on alpha)", said)
                self.demand_living(self.alpha)


class Handover(_Broken):
    """The steps from which on the target decides."""

    def test_the_handover_fails_before_it_is_said(self) -> None:
        self.break_at("handover")
        self.demand_living(self.alpha)

    def test_ssh_is_killed_at_the_handover(self) -> None:
        self.break_at("kill:handover")
        self.demand_living(self.alpha)

    def test_the_mover_is_killed_at_the_handover(self) -> None:
        self.break_at("die:handover", code=_KILLED)
        self.resolve_killed()
        self.demand_living(self.alpha)

    def test_the_target_cannot_release_the_app(self) -> None:
        self.break_at("target:release")
        self.demand_living(self.alpha)

    def test_the_receiver_is_killed_when_the_app_is_its_own(self) -> None:
        self.break_and_arrive("target:die:release")
        self.demand_living(self.beta)

    def test_the_source_cannot_clean_up(self) -> None:
        said = self.break_and_arrive("finish")
        self.assertIn("left over here", said)
        self.resolve()
        self.demand_living(self.beta)

    def test_ssh_is_killed_when_all_is_done(self) -> None:
        self.break_and_arrive("kill:finish")
        self.demand_living(self.beta)

    def test_the_mover_is_killed_when_the_app_is_there(self) -> None:
        self.break_at("die:finish", code=_KILLED)
        self.resolve_killed()
        self.demand_living(self.beta)


class EveryLazyStep(EveryStep):
    """The same when memory is to follow."""

    MODE = "lazy"


class LazyHandover(Handover):
    """The same when memory follows: a killed mover has a successor, and what is left is a drain."""

    MODE = "lazy"

    def resolve(self) -> None:
        self.assertEqual(self.alpha.session_state(self.terminal.name), "draining")
        self.alpha.wayferry("resolve", self.terminal.name)

    def resolve_killed(self) -> None:
        """Nobody has to."""
