# SPDX-License-Identifier: MIT
"""Every application of the coverage table between every pair of compositors, compared with docs/coverage.md.

Both hosts have all compositors. Switches of an application need one host only, so both hosts work at once; moves come
afterwards. `./lab coverage` (WAYFERRY_COVERAGE=write) writes the page instead of comparing it.
"""

from __future__ import annotations

import os
import queue
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from coverage import document, rows
from coverage.apps import APPS, App
from coverage.trial import Place
from harness import LabTest


def _wanted() -> list[App]:
    words = os.environ.get("WAYFERRY_COVERAGE_APPS", "").split(",")
    return [app for app in APPS if any(word in app.name for word in words)]


def _furnish(place: Place) -> None:
    for name, kind in rows.OTHERS.items():
        place.add(kind, name)


class Coverage(LabTest):
    """The table."""

    places: ClassVar[list[Place]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.places = [Place(host) for host in cls.lab.hosts.values()]
        with ThreadPoolExecutor() as pool:
            list(pool.map(_furnish, cls.places))

    def test_the_table_is_as_the_page_says(self) -> None:
        apps = _wanted()
        cells = self._try(apps)
        said = document.read()
        if os.environ.get("WAYFERRY_COVERAGE") == "write":
            return document.write(cells if apps == APPS else said | cells)
        self._try_again(apps, cells, said)
        for key, reason in cells.items():
            with self.subTest(app=key[0], pair=key[1]):
                self.assertIn(key, said, "docs/coverage.md does not know it; ./lab coverage writes it anew")
                if said[key] is None:
                    self.assertIsNone(reason, f"the page says ok, but: {reason}")
                else:
                    self.assertIsNotNone(reason, f"it is ok, but the page says: {said[key]}")
        if apps == APPS:
            self.assertEqual(set(said) - set(cells), set(), "the page has cells that nobody tried")

    def _try(self, apps: list[App]) -> document.Cells:
        """The cells of these apps, in the order of the table."""
        found = self._switches(apps)
        for app in apps:
            if app.move:
                found |= {(app.name, pair): reason for pair, reason in rows.moves(app, *self.places).items()}
        keys = [(app.name, pair) for app in apps for pair in rows.columns()]
        return {key: found[key] for key in keys if key in found}

    def _try_again(self, apps: list[App], cells: document.Cells, said: document.Cells) -> None:
        """Rows that are not as the page says, once more, alone: what other programs on five desktops did meanwhile is
        no property of the app. What came of the first try is printed, so that nobody overlooks a cell that wavers."""
        for app in apps:
            wavering = {
                key: reason
                for key, reason in cells.items()
                if key[0] == app.name and key in said and (reason is None) != (said[key] is None)
            }
            for key, reason in wavering.items():
                print(f"once more: {key[0]}, {key[1]}: {reason or 'ok'}", flush=True)
            if any(key[1].startswith("switch") for key in wavering):
                again = rows.switches(app, self.places[0])
                cells |= {(app.name, pair): reason for pair, reason in again.items()}
            if any(key[1].startswith("move") for key in wavering):
                again = rows.moves(app, *self.places)
                cells |= {(app.name, pair): reason for pair, reason in again.items()}

    def _switches(self, apps: list[App]) -> document.Cells:
        waiting: queue.SimpleQueue[App | None] = queue.SimpleQueue()
        for app in [*apps, *(None for _ in self.places)]:
            waiting.put(app)

        def work(place: Place) -> document.Cells:
            cells: document.Cells = {}
            while app := waiting.get():
                cells |= {(app.name, pair): reason for pair, reason in rows.switches(app, place).items()}
            return cells

        with ThreadPoolExecutor() as pool:
            one, other = pool.map(work, self.places)
        return one | other
