# SPDX-License-Identifier: MIT
"""An input method writes into an app, and goes on doing so where the app has gone.

foot says exactly what was written, through its shell; GTK 4 says it with a picture. Every app is written into
before the change of compositors as well, so that what is asserted afterwards is known to have been true.
"""

from __future__ import annotations

from harness import LabHost, LabTest, wait_until
from harness.labhost import LIMIT
from testbed import hands

_NAME = "written"

# A blinking cursor changes fewer pixels than this, a dozen letters change more.
_LETTERS = 200
_TEXT = "MMMMMMMMMMMM"


class InputMethod(LabTest):
    """On sway, with the input method of the lab's seat."""

    def setUp(self) -> None:
        super().setUp()
        for host in self.lab.hosts.values():
            hands.input_method(host.host, host.desktop, there=True)
            self.addCleanup(hands.input_method, host.host, host.desktop, there=False)

    def wait_for_field(self, here: LabHost) -> None:
        wait_until(
            lambda: hands.field_wants_text(here.host, here.desktop), LIMIT, f"a field that wants text on {here.name}"
        )

    def move(self) -> LabHost:
        empty = self.beta.shot()
        self.alpha.wayferry("move", _NAME, "beta")
        self.beta.wait_for_window(empty, animated=True)
        return self.beta

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

    def demand_gtk_shows_text(self, here: LabHost) -> None:
        self.wait_for_field(here)
        before = here.shot()
        hands.commit(here.host, here.desktop, _TEXT)
        wait_until(lambda: here.shot().differences(before) > _LETTERS, LIMIT, f"the text on {here.name}")

    def test_foot_is_written_into_before_and_after_a_move(self) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, "foot", "-o", "cursor.blink=no")
        self.demand_foot_takes_text(self.alpha, 1)
        self.demand_foot_takes_text(self.move(), 2)

    def test_gtk_is_written_into_before_and_after_a_move(self) -> None:
        self.stop_later(_NAME)
        self.alpha.run_app(_NAME, "gtk4-demo", "--run", "entry_undo", animated=True)
        self.demand_gtk_shows_text(self.alpha)
        here = self.move()
        self.demand_gtk_shows_text(here)
        self.assertEqual(len(here.pids("gtk4-demo")), 1)
