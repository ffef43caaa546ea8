# SPDX-License-Identifier: MIT
"""What can go wrong with a move does, and each time there is a clear error and one living app.

Clear: what failed, on which host, and what to do about it. Living: the session is listed on one host only,
its processes are there and nowhere else, its shell is the same, and what is typed is seen. The failures of
this file are real ones; those made at every step by wayferry's own failure points are in test_faults.py.
"""

from __future__ import annotations

from harness import LabTest, Terminal, faults


class _Terminals(LabTest):
    """A terminal on alpha that is to survive."""

    def setUp(self) -> None:
        super().setUp()
        self.terminal = Terminal(self)

    def demand_failure(self, *words: str, to: str = "beta", options: tuple[str, ...] = ()) -> None:
        """A move fails with all these WORDS."""
        said = self.alpha.wayferry_fails("move", self.terminal.name, to, *options)
        for word in words:
            self.assertIn(word, said)

    def demand_living(self) -> None:
        """The terminal lives on alpha, only there, and can be moved now that the fault is mended."""
        self.terminal.demand_living(self.alpha)
        self.terminal.move(self.alpha, self.beta)
        self.terminal.demand_living(self.beta)


class Unreachable(_Terminals):
    """The target does not answer."""

    def test_a_cut_cable(self) -> None:
        self.addCleanup(self.lab.mend)
        self.lab.cut()
        self.demand_failure("beta: cannot be reached", "cure: `ssh beta true` must work without a password")
        self.lab.mend()
        self.demand_living()

    def test_an_unknown_host(self) -> None:
        self.demand_failure("nowhere: cannot be reached", "resolve hostname", "`ssh nowhere true`", to="nowhere")
        self.demand_living()

    def test_a_host_name_that_looks_like_an_option(self) -> None:
        said = self.alpha.wayferry_fails("move", self.terminal.name, "--", "-oProxyCommand=touch /tmp/owned")
        self.assertNotEqual(self.alpha.run("test", "-e", "/tmp/owned").returncode, 0, said)
        self.demand_living()


class Unfit(_Terminals):
    """The target answers and cannot take the app."""

    def test_wayferry_missing(self) -> None:
        with faults.away(self.beta, faults.WAYFERRY):
            self.demand_failure("beta: wayferry is not installed there", "cure: install wayferry on beta")
        self.demand_living()

    def test_another_protocol(self) -> None:
        with faults.impostor(self.beta, "WAYFERRY RECEIVE 999 9.9.9"):
            self.demand_failure("beta: wayferry 9.9.9 there speaks protocol 999", "cure: install the same version")
        self.demand_living()

    def test_a_talkative_shell(self) -> None:
        with faults.impostor(self.beta, "Welcome to beta"):
            self.demand_failure("beta:", "'Welcome to beta'", "cure: let nothing print on standard output")
        self.demand_living()

    def test_criu_missing(self) -> None:
        with faults.away(self.beta, "/usr/sbin/criu"):
            self.demand_failure("beta: criu is not installed", "cure: install criu there")
        self.demand_living()

    def test_runc_missing(self) -> None:
        with faults.away(self.beta, "/usr/sbin/runc"):
            self.demand_failure("beta:", "runc")
        self.demand_living()

    def test_no_compositor(self) -> None:
        session = self.beta.desktop.session
        with faults.away(self.beta, f"{session['XDG_RUNTIME_DIR']}/{session['WAYLAND_DISPLAY']}"):
            self.demand_failure("beta: no compositor answers", "cure: log in to a Wayland desktop")
        self.demand_living()

    def test_no_such_display(self) -> None:
        words = ("beta: no compositor answers at", "wayland-77", "cure: name the socket")
        self.demand_failure(*words, options=("--display", "wayland-77"))
        self.demand_living()

    def test_a_required_global_missing(self) -> None:
        with faults.bare_compositor(self.beta) as display:
            self.demand_failure(
                "beta: the compositor there lacks what the app uses: xdg_wm_base",
                "cure: move to a host with another compositor",
                options=("--display", display),
            )
        self.demand_living()

    def test_a_session_of_that_name_there(self) -> None:
        other = Terminal(self, self.beta)
        self.demand_failure("beta: there is a session 'term' already", "cure: stop it there")
        other.demand_running()
        self.beta.wayferry("stop", other.name)
        self.demand_living()

    def test_base_missing(self) -> None:
        with faults.mounted(self.beta, "/srv", "size=1m"):
            self.demand_failure("beta: the root file system /srv/desktop is missing", "cure: copy it there")
        self.demand_living()


class Full(_Terminals):
    """The target has no room."""

    def setUp(self) -> None:
        super().setUp()
        self.alpha.ask_shell("head -c 30M /dev/urandom > /root/ballast; mkdir /root/many; touch /root/many/{1..400}")

    def test_disk_too_small_for_the_files(self) -> None:
        with faults.mounted(self.beta, "/var/lib/wayferry", "size=16m"):
            words = ("beta: the app's files need", "are free for them", "cure: free space in /var/lib/wayferry")
            self.demand_failure(*words)
        self.demand_living()

    def test_disk_full_while_files_come(self) -> None:
        # There is space, but not for so many files: the one lack that no look ahead sees.
        with faults.mounted(self.beta, "/var/lib/wayferry", "size=1g,nr_inodes=100"):
            self.demand_failure("beta:", "No space left on device", "/var/lib/wayferry")
        self.demand_living()

    def test_disk_full_while_images_come(self) -> None:
        with faults.mounted(self.beta, "/run/wayferry", "size=1g,nr_inodes=24"):
            self.demand_failure("beta:", "No space left on device", "/run/wayferry")
        self.demand_living()


class Criu(_Terminals):
    """CRIU itself says no: its own words are in the error."""

    def test_something_that_no_checkpoint_carries(self) -> None:
        self.alpha.ask_shell("unshare --user --ipc sleep 600 & sleeper=$!; echo $sleeper")
        log = "/var/lib/wayferry/logs/term-dump.log"
        self.addCleanup(self.alpha.run, "rm", "-r", log.rsplit("/", 1)[0])
        self.demand_failure("alpha: cannot checkpoint the app: CRIU says:", "Can't dump nested ipc namespace", log)
        self.assertIn("Can't dump nested ipc namespace", self.alpha.must("cat", log))
        self.terminal.demand_living(self.alpha)
        self.alpha.ask_shell("kill $sleeper; wait; echo ended")
        self.demand_living()


class Doubt(_Terminals):
    """The connection breaks in the one moment in which only the target knows."""

    def test_a_mover_killed_then_without_a_cable(self) -> None:
        name = self.terminal.name
        self.addCleanup(self.lab.mend)
        # Of a lazy move the mover has a successor, which would settle it before the cable is cut.
        words = ["move", name, "beta", "--mode", "eager"]
        self.alpha.wayferry_fails(*words, code=-9, env={"WAYFERRY_FAIL_AT": "die:handover"})
        self.lab.cut()
        said = self.alpha.wayferry_fails("move", name, "beta")
        self.assertIn(f"session '{name}' is in doubt since its move to beta", said)
        self.assertIn(f"cure: wayferry resolve {name}", said)
        said = self.alpha.wayferry_fails("resolve", name, code=3)
        self.assertIn("beta: cannot be reached", said)
        self.lab.mend()
        self.alpha.wayferry("resolve", name)
        self.terminal.demand_living(self.alpha)

    def test_resolving_what_is_not_in_doubt(self) -> None:
        said = self.alpha.wayferry_fails("resolve", self.terminal.name)
        self.assertIn("is not in doubt, it is running", said)
