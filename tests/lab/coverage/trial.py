# SPDX-License-Identifier: MIT
"""One application on its way between compositors: started, brought elsewhere, looked at, asked for a sign of life.

Everything demanded is demanded by a LabError that says what did not come, which is a cell's reason not to be ok.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from harness import Box, LabError, LabHost, Picture, wait_until
from testbed import hands, places, stages
from testbed.compositors import Compositor

from .apps import App, Reaction

NAME = "app"

# What one cell may wait for one thing. An idle machine needs tenths of a second.
LIMIT = 15.0

# The pointer waits in this corner while pictures are compared; the rows that show it are left out, because an app
# draws its own pointer, if it has been moved.
_ASIDE = (1240, 780)
_COMPARED = Box(0, 0, 1280, 700)
# Pixels of what blinks, fades or lights up by itself: a text cursor, a scroll bar, a button under the pointer.
_BLINKING = 5000
_STEPS = 10

# On an animated window one new picture may be the last one that was under way.
_FRAMES = 3


@dataclass
class Place:
    """A host with its compositors: the session's own sway, and others by name."""

    host: LabHost
    others: dict[str, Compositor] = field(default_factory=dict)
    empty: dict[str, Picture] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._remember("sway")

    def add(self, kind: str, name: str) -> None:
        """Starts another compositor."""
        one = stages.add(self.host.host, self.host.desktop, kind, name)
        self.others[name] = one
        self._remember(name)

    def show(self, name: str) -> None:
        """Has the screen show that compositor."""
        stages.show(self.host.host, self.host.desktop, self.others.get(name))

    def display(self, name: str) -> str:
        """A compositor's socket."""
        one = self.others.get(name)
        return one.display if one else self.host.desktop.socket

    def _remember(self, name: str) -> None:
        self.show(name)
        self.host.point(*_ASIDE)
        self.empty[name] = self.host.wait_for_picture(lambda _: True, f"the empty {name}")


class Trial:
    """One application; `at` is where its window stands now."""

    def __init__(self, app: App, place: Place) -> None:
        self.app = app
        self.place = place
        self._places = [place]
        self.at = ""
        self._asked = 0

    # Ways

    def begin(self, at: str) -> None:
        """Starts it there."""
        self._turn_to(at)
        empty = self.place.empty[at]
        self.host.wait_for_picture(lambda now: now == empty, f"the empty {at}", LIMIT)
        options = ["--name", NAME, "--rootfs", places.INNER_DESKTOP, "--display", self.place.display(at)]
        options += [word for key, value in self.app.env.items() for word in ("--env", f"{key}={value}")]
        self._asked = 0
        self.host.wayferry("run", *options, "--", *self.app.command)
        self.window()

    def switch(self, to: str) -> None:
        """Brings its window to another compositor of this host."""
        self._demand_living()
        self._turn_to(to)
        self.host.wayferry("switch", NAME, "--display", self.place.display(to))
        self.window()

    def move(self, place: Place, to: str) -> None:
        """Brings it to a compositor of another host."""
        self._demand_living()
        source, self.place = self.place, place
        if place not in self._places:
            self._places.append(place)
        self._turn_to(to)
        source.host.wayferry("move", NAME, place.host.name, "--display", place.display(to))
        self.window()

    def end(self) -> None:
        """Stops it, if it lives; on a host where a move may have left it, too."""
        for place in self._places:
            if NAME in place.host.sessions():
                place.host.wayferry("stop", NAME)
        self.place = self._places[0]
        self.at = ""

    def _turn_to(self, name: str) -> None:
        self.place.show(name)
        self._point_aside()
        self.at = name

    def _point_aside(self) -> None:
        """By a motion, wherever the pointer was: a nested compositor that was hidden sleeps until something happens."""
        self.host.point(_ASIDE[0] - 1, _ASIDE[1])
        self.host.point(*_ASIDE)

    # Looks

    @property
    def host(self) -> LabHost:
        """Where it is."""
        return self.place.host

    def window(self) -> Picture:
        """Waits until the window is on the screen, and at rest unless it is animated."""
        empty = self.place.empty[self.at]
        try:
            self._change(empty, "its window", poke=True)
            self._point_aside()  # a window that comes up under a pointer at rest learns of it sooner or later
            if self.app.animated:
                return self.host.shot()
            return self.host.wait_for_picture(lambda now: now != empty, "its window at rest", LIMIT)
        except LabError as error:
            self._demand_living()
            raise error

    def demand_picture(self, wanted: Picture) -> None:
        """The screen shows the same as before, as far as that can be demanded of the app."""
        if self.app.animated or self.app.fickle:
            return
        last = wanted

        def same() -> bool:
            nonlocal last
            last = self.host.shot()
            return last.crop(_COMPARED).differences(wanted.crop(_COMPARED)) <= _BLINKING

        try:
            wait_until(same, LIMIT, f"the same picture as before on {self.host.name}")
        except LabError as error:
            raise LabError(f"{error}; they differ in {wanted.box_of_differences(last)}") from error

    def demand_reaction(self) -> None:
        """It answers what is done to it, or goes on animating."""
        if self.app.reaction:
            self._demand_answer(self.app.reaction)
        if self.app.animated:
            self._demand_frames()
        self._demand_living()

    def _demand_frames(self) -> None:
        seen: set[Picture] = set()

        def enough() -> bool:
            seen.add(self.host.shot())
            return len(seen) > _FRAMES

        wait_until(enough, LIMIT, f"{_FRAMES} new pictures on {self.host.name}")

    def _demand_answer(self, asked: Reaction) -> None:
        picture = self.window()
        box = picture.box_of_differences(self.place.empty[self.at])
        if box is None:
            raise LabError("its window is gone")
        asked = self._next(asked)
        heard = self._printed() if asked.log else ""
        before = self._before(asked, box) or picture
        try:
            self._do(asked, box)
            if asked.log:
                log = asked.log
                wait_until(lambda: log in self._printed()[len(heard) :], LIMIT, f"'{log}' among its words")
            else:
                self._change(before, "an answer to input")
        finally:
            if asked.drag:
                hands.release(self.host.host, self.host.desktop)
            self._point_aside()

    def _before(self, asked: Reaction, box: Box) -> Picture | None:
        """The screen with the pointer where it will be in the end: that the pointer is drawn is no answer. Where
        pointing is all that is done, it is: on the lab's desktops only apps draw a pointer."""
        end = asked.sweep or asked.at
        if not end or not (asked.sweep or asked.click or asked.keys):
            return None
        self.host.point(*_inside(box, asked, end))
        if self.app.animated:
            return self.host.shot()
        return self.host.wait_for_picture(lambda _: True, "a screen at rest", LIMIT)

    def _next(self, asked: Reaction) -> Reaction:
        times, self._asked = self._asked, self._asked + 1
        if not asked.at:
            return asked
        return replace(asked, at=(asked.at[0] + times * asked.step[0], asked.at[1] + times * asked.step[1]))

    def _do(self, asked: Reaction, box: Box) -> None:
        if asked.at:
            self.host.point(*_inside(box, asked, asked.at))
        if asked.drag:
            hands.press(self.host.host, self.host.desktop)
        if asked.at and asked.sweep:
            for step in range(_STEPS + 1):
                at = [a + (b - a) * step // _STEPS for a, b in zip(asked.at, asked.sweep, strict=True)]
                self.host.point(*_inside(box, asked, (at[0], at[1])))
        if asked.at and asked.click:
            self.host.click(*_inside(box, asked, asked.at))
        for chord in asked.keys:
            self.host.key(chord)

    def _change(self, before: Picture, what: str, *, poke: bool = False) -> Picture:
        def changed() -> Picture | None:
            now = self.host.shot()
            if poke and now == before:
                self._demand_living()
                self._point_aside()
            return now if now != before else None

        picture = wait_until(changed, LIMIT, f"{what} on {self.host.name}")
        assert picture is not None
        return picture

    def _printed(self) -> str:
        return self.host.wayferry("logs", NAME)

    def _demand_living(self) -> None:
        if NAME not in self.host.sessions():
            raise LabError("the app ended")


def _inside(box: Box, asked: Reaction, at: tuple[int, int]) -> tuple[int, int]:
    if asked.pixels:
        return box.left + at[0], box.top + at[1]
    return (
        box.left + (box.right - box.left) * at[0] // 100,
        box.top + (box.bottom - box.top) * at[1] // 100,
    )
