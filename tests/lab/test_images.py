# SPDX-License-Identifier: MIT
"""Apps from images: `run --image` with each form that it takes, and a move of what came from one.

The image is made in the lab, from the desktop's own files: weston-simple-shm with the libraries it needs, and
nothing else; not even a shell. That an app needs no more than itself in its image is part of the test.
"""

from __future__ import annotations

from typing import ClassVar

from harness import LabHost, LabTest

_NAME = "pictured"
_FOLDER = "/tmp/images"

# Where wayferry keeps what it has imported; it stays for the next run, by design.
_STORE = "/var/lib/wayferry/images"

_MAKE = f"""
    set -e
    mkdir {_FOLDER} && cd {_FOLDER}
    umoci init --layout layout
    umoci new --image layout:app
    umoci unpack --image layout:app bundle
    program=$(command -v weston-simple-shm)
    cp --parents -L "$program" $(ldd "$program" | grep -o '/[^ ]*') bundle/rootfs/
    mkdir -p bundle/rootfs/proc bundle/rootfs/sys bundle/rootfs/dev bundle/rootfs/tmp bundle/rootfs/run
    cp -r bundle/rootfs unpacked
    umoci repack --image layout:app bundle
    umoci config --image layout:app --config.cmd weston-simple-shm --config.env IMAGE=yes --config.workingdir /usr
    skopeo copy --quiet oci:layout:app docker-archive:archive.tar:app:latest
    rm -r bundle
"""


class Images(LabTest):
    """One image in three forms."""

    FORMS: ClassVar[dict[str, str]] = {
        "layout": f"{_FOLDER}/layout:app",
        "archive": f"{_FOLDER}/archive.tar",
        "unpacked": f"{_FOLDER}/unpacked",
    }

    def setUp(self) -> None:
        super().setUp()
        for host in (self.alpha, self.beta):
            self.addCleanup(host.must, "rm", "-rf", _FOLDER, _STORE)
        # Cleanups run last in, first out: the session ends before its image goes.
        self.stop_later(_NAME)
        self.alpha.must("sh", "-c", _MAKE)

    def run_image(self, host: LabHost, form: str, *command: str) -> None:
        empty = host.shot()
        host.wayferry("run", "--name", _NAME, "--image", self.FORMS[form], "--", *command)
        host.wait_for_pictures(3, {empty})

    def copy_to_beta(self) -> None:
        self.alpha.must("sh", "-c", "tar -C /tmp -cf - images | ssh beta tar -C /tmp -xf -")

    def test_each_form_runs(self) -> None:
        empty = self.alpha.shot()
        for form in self.FORMS:
            with self.subTest(form):
                self.run_image(self.alpha, form, *(["weston-simple-shm"] if form == "unpacked" else []))
                self.alpha.wayferry("stop", _NAME)
                self.alpha.wait_for_picture(lambda now: now == empty, "the empty desktop")

    def test_layout_and_archive_are_the_same_image(self) -> None:
        for form in ("layout", "archive"):
            self.run_image(self.alpha, form)
            self.alpha.wayferry("stop", _NAME)
        self.assertEqual(len(self.alpha.must("ls", _STORE).split()), 1)

    def test_settings_of_the_image_reach_the_app(self) -> None:
        self.run_image(self.alpha, "layout")
        (pid,) = self.alpha.pids("weston-simple-s")
        self.assertIn("IMAGE=yes", self.alpha.must("cat", f"/proc/{pid}/environ"))
        self.assertEqual(self.alpha.must("readlink", f"/proc/{pid}/cwd").strip(), "/usr")

    def test_a_move_brings_the_image_once(self) -> None:
        self.run_image(self.alpha, "layout")
        self.beta.must("test", "!", "-e", _STORE)
        self.assertGreater(self.alpha.wayferry_json("move", _NAME, "beta")["bytes"]["base"], 1 << 20)
        self.beta.wait_for_pictures(3, set())
        self.assertEqual(self.beta.must("ls", _STORE), self.alpha.must("ls", _STORE))
        self.assertEqual(self.beta.wayferry_json("move", _NAME, "alpha")["bytes"]["base"], 0)
        self.alpha.wait_for_pictures(3, set())

    def test_a_restore_that_criu_refuses(self) -> None:
        self.run_image(self.alpha, "layout")
        self.import_on_beta()
        # No digest of a store is computed again at each move; CRIU looks at the files that it opens.
        self.beta.must("sh", "-c", f"for file in {_STORE}/*/rootfs/usr/bin/*; do echo >> $file; done")
        said = self.alpha.wayferry_fails("move", _NAME, "beta")
        self.assertIn("beta: cannot restore the app: CRIU says:", said)
        self.assertIn("weston-simple-shm has bad size", said)
        self.alpha.wait_for_pictures(3, set())

    def import_on_beta(self) -> None:
        self.copy_to_beta()
        empty = self.beta.shot()
        self.run_image(self.beta, "archive")
        self.beta.wayferry("stop", _NAME)
        self.beta.wait_for_picture(lambda now: now == empty, "the empty desktop")
