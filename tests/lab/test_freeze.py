# SPDX-License-Identifier: MIT
"""A terminal in a file: frozen on one host, thawed on another, the same picture, shell and variables.

What a move keeps, a file keeps; and a file can be damaged, cut off or of somebody else.
"""

from __future__ import annotations

import json

from harness import LabHost, LabTest, Terminal, faults, wait_until

FILE = "/root/term.ferry"


class Freeze(LabTest):
    """foot, a file, and what is read of it."""

    def setUp(self) -> None:
        super().setUp()
        for host in self.lab.hosts.values():
            self.addCleanup(host.run, "rm", "-rf", FILE, "/root/damaged.ferry", "/root/registry")
        self.empty = {name: host.shot() for name, host in self.lab.hosts.items()}
        self.terminal = Terminal(self)

    def bring(self, file: str = FILE) -> None:
        """Copies a file from alpha to beta."""
        self.alpha.must("scp", "-q", file, f"beta:{file}")

    def thaw(self, host: LabHost, file: str = FILE) -> None:
        self.assertEqual(host.wayferry("thaw", file).strip(), self.terminal.name)

    def serve_registry(self) -> str:
        """Runs a registry on alpha until the test ends; a place in it, for skopeo on either host."""
        port = 5000
        settings = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": "/root/registry"}},
            "http": {"addr": f":{port}"},
        }
        self.alpha.must("mkdir", "/root/registry")
        self.alpha.must("sh", "-c", "cat > /root/registry/settings.yml", stdin=json.dumps(settings).encode())
        self.alpha.start("docker-registry", "serve", "/root/registry/settings.yml", log="registry")
        self.addCleanup(self.end_app, self.alpha, "docker-registry")
        knock = ["bash", "-c", f": < /dev/tcp/localhost/{port}"]
        wait_until(lambda: self.alpha.run(*knock).returncode == 0, 20, "the registry to answer")
        return f"docker://{self.alpha.host.address}:{port}/desktop/{self.terminal.name}:frozen"

    def test_frozen_here_thawed_there_it_goes_on_where_it_stood(self) -> None:
        before = self.alpha.type_and_see("clear; for i in $(seq 200); do echo line $i of 200; done\n")
        self.alpha.ask_shell("exec 9> /tmp/open; printf abc >&9; echo carried > /root/written")
        before = self.alpha.type_and_see("clear; seq 30\n")
        self.alpha.wayferry("freeze", self.terminal.name, FILE)
        self.alpha.wait_for_picture(lambda now: now == self.empty["alpha"], "the empty desktop")
        self.assertEqual(self.alpha.sessions(), [])
        self.bring()
        self.thaw(self.beta)
        after = self.beta.wait_for_change(self.empty["beta"])
        self.assertEqual(before.differences(after), 0, f"they differ in {before.box_of_differences(after)}")
        self.terminal.demand_living(self.beta)
        self.assertEqual(self.beta.ask_shell("printf def >&9; cat /tmp/open /root/written"), "abcdefcarried")

    def test_thawed_where_it_was_frozen_and_moved_on(self) -> None:
        self.alpha.wayferry("freeze", self.terminal.name, FILE)
        self.thaw(self.alpha)
        self.alpha.wait_for_change(self.empty["alpha"])
        self.terminal.demand_living(self.alpha)
        self.terminal.move(self.alpha, self.beta)
        self.terminal.demand_living(self.beta)

    def test_its_manifest_is_read_without_the_rest(self) -> None:
        self.alpha.wayferry("freeze", self.terminal.name, FILE)
        manifest = json.loads(self.alpha.wayferry("inspect", FILE))
        self.assertEqual(manifest["format"], 2)
        self.assertEqual(manifest["host"], "alpha")
        self.assertEqual(manifest["session"]["container"]["name"], self.terminal.name)
        self.assertIn("xdg_wm_base", [g["interface"] for g in manifest["session"]["globals"]])
        self.assertTrue(manifest["machine"]["cpu_features"])
        # The beginning is enough, so a file of which only that is left can be looked at.
        self.alpha.must("sh", "-c", f"head -c 100000 {FILE} > /root/damaged.ferry")
        self.assertEqual(json.loads(self.alpha.wayferry("inspect", "/root/damaged.ferry")), manifest)
        self.thaw(self.alpha)
        self.terminal.demand_living(self.alpha)

    def test_what_is_wrong_with_a_file_is_said_and_starts_nothing(self) -> None:
        self.alpha.wayferry("freeze", self.terminal.name, FILE)
        for make, said in (
            (f"head -c 300000 {FILE} > $0", "/root/damaged.ferry"),
            (f"cp {FILE} $0; printf x | dd of=$0 bs=1 seek=200000 conv=notrunc status=none", "damaged"),
            ("echo hello > $0", "is not a file of wayferry freeze"),
            ("tar -C /etc -cf $0 issue", "is not a file of wayferry freeze"),
        ):
            with self.subTest(said):
                self.alpha.must("sh", "-c", make, "/root/damaged.ferry")
                self.assertIn(said, self.alpha.wayferry_fails("thaw", "/root/damaged.ferry"))
                self.assertEqual(self.alpha.sessions(), [])
        self.thaw(self.alpha)
        self.terminal.demand_living(self.alpha)

    def test_a_file_that_is_there_is_not_replaced(self) -> None:
        self.alpha.must("sh", "-c", f"echo precious > {FILE}")
        said = self.alpha.wayferry_fails("freeze", self.terminal.name, FILE)
        self.assertIn("there is such a file already", said)
        self.assertEqual(self.alpha.must("cat", FILE), "precious\n")
        self.terminal.demand_living(self.alpha)

    def test_a_full_disk_leaves_the_app_running(self) -> None:
        with faults.mounted(self.alpha, "/root/small", "size=64k"):
            said = self.alpha.wayferry_fails("freeze", self.terminal.name, "/root/small/term.ferry")
            self.assertIn("No space left on device", said)
            self.assertEqual(self.alpha.must("ls", "/root/small"), "")
        self.terminal.demand_living(self.alpha)

    def test_a_name_that_is_taken_is_refused(self) -> None:
        self.alpha.wayferry("freeze", self.terminal.name, FILE)
        self.thaw(self.alpha)
        self.terminal.demand_living(self.alpha)
        self.assertIn("there is a session 'term' already", self.alpha.wayferry_fails("thaw", FILE))
        self.terminal.demand_living(self.alpha)

    def test_as_an_oci_image_it_goes_through_a_registry(self) -> None:
        self.alpha.wayferry("freeze", "--oci", self.terminal.name, FILE)
        registry = self.serve_registry()
        plain = ["skopeo", "copy", "--quiet", "--dest-tls-verify=false", "--src-tls-verify=false"]
        self.alpha.must(*plain, f"oci-archive:{FILE}", registry)
        # What it says of itself, as podman and CRI-O look for it.
        image = json.loads(self.beta.must("skopeo", "inspect", "--raw", "--tls-verify=false", registry))
        self.assertEqual(image["annotations"]["io.podman.annotations.checkpoint.name"], self.terminal.name)
        self.beta.must(*plain, registry, f"oci-archive:{FILE}")
        self.thaw(self.beta)
        self.beta.wait_for_change(self.empty["beta"])
        self.terminal.demand_living(self.beta)
