# SPDX-License-Identifier: MIT
"""Programs of other people's making move and go on: they animate, they take clicks and keys.

Every class of moved apps is the class of unmoved ones with one word changed, so whatever is asserted of a
moved app is asserted of the same app not moved, by the same method. Nothing is assumed of how an app looks,
only where it must change and where it must not.
"""

from __future__ import annotations

from typing import ClassVar

from harness import Box, LabHost, LabTest, Picture

_NAME = "app"

# A corner in which no app of this file draws: the pointer waits here while pictures are compared, because
# some apps draw a pointer of their own.
_ASIDE = (1240, 780)

# Two pictures that differ show one change; an app that redraws once on arrival would do that and then stand.
_FRAMES = 4

# Of gtk4-demo's window, which fills the screen.
_GTK_TITLE = Box(400, 10, 900, 36)


def around(x: int, y: int, reach: int = 12) -> Box:
    """The square of pixels that a click at x, y has to change."""
    return Box(x - reach, y - reach, x + reach, y + reach)


class _Apps(LabTest):
    """How an app is brought to where it is looked at."""

    MOVED: ClassVar[bool] = False

    def launch(self, *command: str, animated: bool = False) -> LabHost:
        """The host on which the app's window stands now."""
        self.stop_later(_NAME)
        self.alpha.point(*_ASIDE)
        self.beta.point(*_ASIDE)
        empty = self.beta.shot()
        self.alpha.run_app(_NAME, *command, animated=animated)
        if not self.MOVED:
            return self.alpha
        self.alpha.wayferry("move", _NAME, "beta")
        self.beta.wait_for_window(empty, animated=animated)
        return self.beta

    def demand_animation(self, here: LabHost) -> None:
        here.wait_for_pictures(_FRAMES, set())

    def wait_for_change_in(self, here: LabHost, box: Box, before: Picture) -> Picture:
        was = before.crop(box)
        return here.wait_for_picture(lambda now: now.crop(box) != was, f"a change in {box}")


class Unmoved(_Apps):
    """On sway."""

    def test_clickdot_draws_where_it_is_clicked(self) -> None:
        here = self.launch("weston-clickdot")
        for x, y in ((300, 400), (640, 250)):
            before = here.shot()
            here.click(x, y)
            here.point(*_ASIDE)
            self.wait_for_change_in(here, around(x, y), before)

    def test_eventdemo_tells_of_clicks_and_keys(self) -> None:
        # Its output is a pipe, in which its words would wait until there are many.
        here = self.launch("stdbuf", "-oL", "weston-eventdemo", "--log-button", "--log-key")
        here.click(300, 400)
        here.wait_for_log(_NAME, "button: 272")
        here.key("Down")
        here.wait_for_log(_NAME, "key: 108")

    def test_flower_shows_the_same_flower(self) -> None:
        here = self.launch("weston-flower")
        flower = here.shot()
        here.point(100, 100)
        self.wait_for_change_in(here, around(100, 100, 20), flower)  # the hand that it shows as pointer
        here.point(*_ASIDE)
        here.wait_for_picture(lambda now: now == flower, "the flower without the hand")

    def test_smoke_rises_where_the_pointer_goes(self) -> None:
        here = self.launch("weston-smoke", animated=True)
        calm = here.shot()
        for step in range(10):
            here.point(60 + 5 * step, 100)
        here.point(*_ASIDE)
        here.wait_for_pictures(_FRAMES, {calm})

    def test_simple_shm_goes_on_animating(self) -> None:
        self.demand_animation(self.launch("weston-simple-shm", animated=True))

    def test_gtk4_demo_redraws_and_takes_clicks(self) -> None:
        here = self.launch("gtk4-demo")
        for x, y in ((100, 300), (100, 373)):
            before = here.shot()
            here.click(x, y)
            here.point(*_ASIDE)
            self.wait_for_change_in(here, _GTK_TITLE, before)  # it names the row
            row = Box(10, y - 12, 240, y + 12)
            self.assertTrue(before.crop(row) != here.shot().crop(row), "the row looks selected")


class Moved(Unmoved):
    """From sway to sway."""

    MOVED = True


class UnmovedOnWeston(_Apps):
    """On weston. weston-simple-damage cannot run on sway with pixman, wayferry or not: sway keeps both of its
    buffers and it ends with "Both buffers busy"."""

    COMPOSITOR = "weston"

    def test_simple_damage_goes_on_animating(self) -> None:
        self.demand_animation(self.launch("weston-simple-damage", animated=True))

    def test_simple_shm_goes_on_animating(self) -> None:
        self.demand_animation(self.launch("weston-simple-shm", animated=True))


class MovedOnWeston(UnmovedOnWeston):
    """From weston to weston."""

    MOVED = True
