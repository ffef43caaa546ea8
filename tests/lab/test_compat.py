# SPDX-License-Identifier: MIT
"""`run --compat HOST`: the app is offered only what the other host's compositor has as well."""

from __future__ import annotations

import re

from harness import LabTest
from testbed import places

_NAME = "asker"


class Compat(LabTest):
    """Both hosts' sessions are weston's; on alpha the app is run on the screen's sway, which has more."""

    COMPOSITOR = "weston"

    def offered(self, *options: str) -> dict[str, int]:
        """What an app hears of globals."""
        self.stop_later(_NAME)
        run = ["--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--display", self.alpha.desktop.outer, *options]
        self.alpha.wayferry("run", *run, "--", "sh", "-c", "wayland-info; echo that is all; exec sleep 1000")
        said = self.alpha.wait_for_log(_NAME, "that is all")
        return {name: int(version) for name, version in re.findall(r"interface: '(\w+)', +version: +(\d+)", said)}

    def test_without_it_the_app_is_offered_what_sway_has(self) -> None:
        offered = self.offered()
        self.assertEqual(offered["wl_compositor"], 6)
        self.assertIn("zxdg_decoration_manager_v1", offered)

    def test_with_it_the_app_is_offered_what_both_have(self) -> None:
        offered = self.offered("--compat", "beta")
        self.assertEqual(offered["wl_compositor"], 5)
        self.assertNotIn("zxdg_decoration_manager_v1", offered)
        self.assertIn("wp_viewporter", offered)

    def test_a_host_that_cannot_be_asked_is_named(self) -> None:
        said = self.alpha.wayferry_fails(
            "run", "--name", _NAME, "--rootfs", places.INNER_DESKTOP, "--compat", "gamma", "--", "foot"
        )
        self.assertIn("gamma", said)
        self.assertEqual(self.alpha.sessions(), [])
