# SPDX-License-Identifier: MIT
"""The lab tested by itself, with wayferry out of the picture: what the other tests rely on, holds.

A terminal runs as a plain process on alpha. Every detector has a test here that it detects.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time

from harness import Lab, LabError, LabHost, LabTest, Picture, growth, leaks, wait_until
from testbed import cgroups, places, runs
from testbed.processes import Process

_FOOT = ["foot", "-o", "cursor.blink=no"]

# A container that sleeps, made from the desktop's own file system.
_START_CONTAINER = """
    set -e
    mkdir -p /var/lib/wayferry/bundle && cd /var/lib/wayferry/bundle
    rm -f config.json && runc spec
    jq '.process.terminal = false | .process.args = ["sleep", "1000"]
        | .root.path = "/srv/desktop" | .root.readonly = true' config.json > new
    mv new config.json
    runc run --detach same-name < /dev/null > /dev/null 2>&1
"""


class Screen(LabTest):
    """Typing, pointing and looking."""

    def open_terminal(self, host: LabHost) -> Picture:
        empty = host.shot()
        host.start(*_FOOT)
        self.addCleanup(self.end_app, host, "foot")
        return host.wait_for_change(empty)

    def test_typed_text_reaches_the_shell_unharmed(self) -> None:
        self.open_terminal(self.alpha)
        text = """Az09 ~!@#$%^&*()_+{}|:"<>? `-=[]\\;,./"""
        self.assertEqual(self.alpha.ask_shell(f"cat <<'END'\n{text}\nEND\n:"), text)

    def test_typed_text_changes_the_screen(self) -> None:
        before = self.open_terminal(self.alpha)
        after = self.alpha.type_and_see("echo one line\n")
        box = after.box_of_differences(before)
        assert box is not None
        self.assertLess(box.bottom, 100, "three lines at the top of the screen change, and nothing below")

    def test_two_hosts_show_the_same_terminal_alike(self) -> None:
        pictures = [self.open_terminal(host) for host in (self.alpha, self.beta)]
        for host in (self.alpha, self.beta):
            host.type("PS1='$ '; clear\n")
        pictures = [host.type_and_see("seq 200\n") for host in (self.alpha, self.beta)]
        self.assertEqual(pictures[0].differences(pictures[1]), 0)

    def test_one_different_letter_is_a_different_picture(self) -> None:
        self.open_terminal(self.alpha)
        self.open_terminal(self.beta)
        self.alpha.type("PS1='$ '; clear\n")
        self.beta.type("PS1='$ '; clear\n")
        one, other = self.alpha.type_and_see("echo oOo\n"), self.beta.type_and_see("echo ooo\n")
        self.assertNotEqual(one, other)
        self.assertGreater(one.differences(other), 0)

    def test_the_pointer_leaves_no_trace_in_pictures(self) -> None:
        before = self.alpha.shot()
        self.alpha.point(321, 123)
        self.assertEqual(before, self.alpha.shot())

    def test_a_click_reaches_the_window_under_the_pointer(self) -> None:
        empty = self.alpha.shot()
        self.alpha.start("weston-clickdot")
        self.addCleanup(self.end_app, self.alpha, "weston-clickdot")
        before = self.alpha.wait_for_change(empty)
        self.alpha.click(400, 300)
        self.alpha.wait_for_change(before)

    def test_waiting_in_vain_says_for_what(self) -> None:
        with self.assertRaisesRegex(LabError, "in vain for a blue moon"):
            wait_until(lambda: False, 0.05, "a blue moon")


class Weston(LabTest):
    """The same hands and eyes on a nested weston."""

    COMPOSITOR = "weston"

    def test_a_terminal_in_weston_can_be_typed_into(self) -> None:
        empty = self.alpha.shot()
        self.alpha.start(*_FOOT, "--maximized")
        self.addCleanup(self.end_app, self.alpha, "foot")
        self.alpha.wait_for_change(empty)
        self.alpha.click(640, 400)
        self.assertEqual(self.alpha.ask_shell("echo seen in $WAYLAND_DISPLAY"), "seen in wayland-1")


class Hosts(LabTest):
    """Two hosts that know of each other only what a network tells."""

    def test_ssh_from_alpha_to_beta_asks_nothing(self) -> None:
        self.assertEqual(self.alpha.must("ssh", "-o", "BatchMode=yes", "beta", "hostname").strip(), "beta")

    def test_ssh_names_no_compositor(self) -> None:
        self.assertNotIn("WAYLAND_DISPLAY", self.alpha.must("ssh", "beta", "env"))

    def test_containers_of_one_name_run_on_both_hosts(self) -> None:
        for host in (self.alpha, self.beta):
            self.addCleanup(host.run, "rm", "-r", "/var/lib/wayferry/bundle", "/run/runc")
            self.addCleanup(host.run, "runc", "delete", "--force", "same-name")
            host.must("sh", "-c", _START_CONTAINER)
        for host in (self.alpha, self.beta):
            self.assertIn("running", host.must("runc", "state", "same-name"))

    def test_criu_works(self) -> None:
        self.assertIn("Looks good", self.alpha.must("criu", "check"))

    def test_an_overlay_can_be_mounted_on_wayferrys_folder(self) -> None:
        self.addCleanup(self.alpha.run, "rm", "-r", "/var/lib/wayferry/o")
        self.addCleanup(self.alpha.run, "umount", "/var/lib/wayferry/o/root")
        options = "lowerdir=/srv/desktop,upperdir=up,workdir=work"
        script = f"cd /var/lib/wayferry && mkdir -p o/up o/work o/root && cd o && mount -t overlay o -o {options} root"
        self.alpha.must("sh", "-c", f"{script} && touch root/written")


class Runs(LabTest):
    """Runs do not meet, and killed ones leave nothing."""

    def test_a_killed_run_leaves_nothing(self) -> None:
        script = "from harness import Lab; lab = Lab.up(['alpha'], 'sway'); print(lab.hosts['alpha'].host); input()"
        with subprocess.Popen(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as victim:
            assert victim.stdout is not None
            described = victim.stdout.readline()
            victim.kill()
        run_id = re.search(r"runs/(\w+)/alpha", described)
        pid = re.search(r"Process\(pid=(\d+), start=(\d+)\)", described)
        assert run_id is not None and pid is not None, described
        init = Process(int(pid[1]), int(pid[2]))
        wait_until(lambda: not init.alive(), 10, "the killed run's host to die")
        runs.clean()
        self.assertFalse((places.RUNS_DIR / run_id[1]).exists())
        self.assertEqual([g for h in cgroups.hierarchies() for g in h.path.glob(f"*{run_id[1]}*")], [])

    def test_a_frozen_process_does_not_keep_its_host_alive(self) -> None:
        freeze = """
            top=/sys/fs/cgroup/freezer; state=freezer.state; value=FROZEN
            [ -d $top ] || { top=/sys/fs/cgroup; state=cgroup.freeze; value=1; }
            mkdir $top/ice
            setsid --fork sh -c 'echo $$ > $0/cgroup.procs; exec sleep 999' $top/ice > /dev/null 2>&1 < /dev/null
            until grep -q . $top/ice/cgroup.procs; do :; done
            echo $value > $top/ice/$state
        """
        lab = Lab.up(["alpha"], "sway")
        init = lab.hosts["alpha"].host.init
        lab.hosts["alpha"].must("sh", "-c", freeze)
        lab.down()
        self.assertFalse(init.alive())

    def test_a_run_that_lives_is_not_cleaned(self) -> None:
        runs.clean()
        self.assertEqual(self.alpha.must("hostname").strip(), "alpha")


class Cable(LabTest):
    """The cable does what it is told."""

    def seconds_for(self, megabytes: int) -> float:
        start = time.monotonic()
        zeros = f"head -c {megabytes}M /dev/zero"
        self.alpha.must("sh", "-c", f"{zeros} | ssh -c aes128-gcm@openssh.com beta 'cat > /dev/null'")
        return time.monotonic() - start

    def test_a_rate_is_kept(self) -> None:
        self.addCleanup(self.lab.rate, "none")
        self.lab.rate("80mbit")
        # 10 MB/s: 20 MiB take 2.1 s; without a limit they take a fraction of a second.
        slow = self.seconds_for(20)
        self.assertGreater(slow, 1.9)
        self.assertLess(slow, 4.0)
        self.lab.rate("none")
        self.assertLess(self.seconds_for(20), 1.9)

    def test_a_cut_cable_carries_nothing_and_a_mended_one_does(self) -> None:
        self.addCleanup(self.lab.mend)
        self.lab.cut()
        connect = ["ssh", "-o", "ConnectTimeout=1", "beta", "true"]
        self.assertNotEqual(self.alpha.run(*connect).returncode, 0)
        self.lab.mend()
        wait_until(lambda: self.alpha.run(*connect).returncode == 0, 10, "ssh over the mended cable")


class Detectors(LabTest):
    """The census sees what is left over."""

    def left_over(self, script: str, undo: str) -> str:
        before = self.alpha.census()
        self.addCleanup(self.alpha.run, "sh", "-c", undo)
        self.alpha.must("sh", "-c", script)
        return "\n".join(leaks(before, self.alpha.census()))

    def test_nothing_left_over_is_nothing_found(self) -> None:
        self.assertEqual(self.left_over("true", "true"), "")

    def test_a_process(self) -> None:
        found = self.left_over("setsid --fork sleep 999 >/dev/null 2>&1 </dev/null", "pkill -f 'sleep 999'")
        self.assertIn("(sleep)", found)

    def test_one_process_more_of_a_kind_that_was_there(self) -> None:
        start = "setsid --fork sleep 999 >/dev/null 2>&1 </dev/null"
        self.addCleanup(self.alpha.run, "pkill", "-f", "sleep 999")
        self.alpha.must("sh", "-c", start)
        before = self.alpha.census()
        self.alpha.must("pkill", "-f", "sleep 999")
        self.alpha.must("sh", "-c", start)
        self.assertEqual(growth(before, self.alpha.census()), [], "another pid is no growth")
        self.alpha.must("sh", "-c", start)
        self.assertIn("1 process(es) more of sleep", growth(before, self.alpha.census()))

    def test_a_mount(self) -> None:
        found = self.left_over("mount -t tmpfs x /mnt", "umount /mnt")
        self.assertIn("mount on /mnt", found)

    def test_a_control_group(self) -> None:
        make = "mkdir $(find /sys/fs/cgroup -name cgroup.procs -printf '%h\\n' -quit)/left-over"
        undo = "find /sys/fs/cgroup -depth -type d -name left-over -exec rmdir {} +"
        self.assertIn("left-over", self.left_over(make, undo))

    def test_a_file(self) -> None:
        self.assertIn("file /run/left-over", self.left_over("touch /run/left-over", "rm /run/left-over"))

    def test_a_descriptor(self) -> None:
        self.alpha.must("mkfifo", "/tmp/pipe")
        self.addCleanup(self.alpha.run, "rm", "/tmp/pipe")
        holder = "exec 3<>/tmp/pipe; read line <&3; exec 4<>/tmp/pipe; touch /tmp/open; read line <&3"
        self.alpha.start("bash", "-c", holder)
        self.addCleanup(self.alpha.run, "rm", "/tmp/open")
        self.addCleanup(self.alpha.run, "pkill", "-f", "tmp/pipe")
        wait_until(lambda: self.alpha.pids("bash"), 5, "the holder")
        found = self.left_over("echo > /tmp/pipe; until [ -e /tmp/open ]; do :; done", "true")
        self.assertIn("1 descriptor(s)", found)
