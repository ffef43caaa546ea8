# SPDX-License-Identifier: MIT
"""An input method writes into an app, and goes on doing so where the app has gone.

foot says exactly what was written, through its shell; GTK 4 and Qt 6 say it with a picture. Every app is written
into before the change of compositors as well, so that what is asserted afterwards is known to have been true.
"""

from __future__ import annotations

from harness import LabHost, Move, Stay, Switch, wait_until
from harness.labhost import LIMIT
from testbed import hands

_NAME = "written"

# A blinking cursor changes fewer pixels than this, a dozen letters change more.
_LETTERS = 200
_TEXT = "MMMMMMMMMMMM"


_FOOT = ("foot", "-o", "cursor.blink=no")
_GTK = ("gtk4-demo", "--run", "entry_undo")
_QT = ("featherpad",)
_QT_ENV = {"QT_QPA_PLATFORM": "wayland"}


class _Writing(Stay):
    """On sway, with the input method of the lab's seat."""

    def setUp(self) -> None:
        super().setUp()
        for here in (self.alpha, self.there):
            self.give_input_method(here)

    def give_input_method(self, here: LabHost) -> None:
        hands.input_method(here.host, here.desktop, there=True)
        self.addCleanup(hands.input_method, here.host, here.desktop, there=False)

    def open(self, *command: str, env: dict[str, str] | None = None) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, *command, env=env, animated=command != _FOOT)

    def wait_for_field(self, here: LabHost) -> None:
        wait_until(
            lambda: hands.field_wants_text(here.host, here.desktop), LIMIT, f"a field that wants text on {here.name}"
        )

    def demand_foot_takes_text(self, here: LabHost, number: int) -> None:
        self.wait_for_field(here)
        said = f"number-{number}"
        hands.commit(here.host, here.desktop, f"echo {said} > /tmp/written")
        here.key("Return")
        shells = here.pids("bash")

        def written() -> bool:
            return any(
                here.run("cat", f"/proc/{shell}/root/tmp/written").stdout.decode().strip() == said for shell in shells
            )

        wait_until(written, LIMIT, f"what the input method wrote on {here.name}")

    def demand_shows_text(self, here: LabHost) -> None:
        self.wait_for_field(here)
        before = here.shot()
        hands.commit(here.host, here.desktop, _TEXT)
        wait_until(lambda: here.shot().differences(before) > _LETTERS, LIMIT, f"the text on {here.name}")

    def demand_foot_is_written_into(self) -> None:
        self.open(*_FOOT)
        self.demand_foot_takes_text(self.alpha, 1)
        self.demand_foot_takes_text(self.go(_NAME), 2)

    def demand_is_written_into(self, *command: str, env: dict[str, str] | None = None) -> None:
        self.open(*command, env=env)
        self.demand_shows_text(self.alpha)
        here = self.go(_NAME)
        self.demand_shows_text(here)
        self.assertEqual(len(here.pids(command[0])), 1)


class InputMethod(Move, _Writing):
    """Over a move."""

    def test_foot_is_written_into_before_and_after(self) -> None:
        self.demand_foot_is_written_into()

    def test_gtk_is_written_into_before_and_after(self) -> None:
        self.demand_is_written_into(*_GTK)

    def test_qt_is_written_into_before_and_after(self) -> None:
        self.demand_is_written_into(*_QT, env=_QT_ENV)


class InputMethodOfTheSameHost(Switch, InputMethod):
    """Over a switch to another compositor, which has a seat and an input method of its own."""
