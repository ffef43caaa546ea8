# SPDX-License-Identifier: MIT
"""The fuzz targets of tests/fuzz, run with libFuzzer in the build chamber.

Promises: each target runs for the given time, all at once as far as there are processors, from the seeds and
from what earlier runs have found interesting (kept in the build folder). An input that crashes a target is
kept and named, with the command that runs it again.
"""

from __future__ import annotations

from pathlib import Path

from . import build, places, say

TARGETS = ["app", "compositor", "state"]

# Larger inputs make slower runs, and every corner of the wire format fits into these.
_LONGEST_INPUT = 4096

_CRASHES = places.BUILD_DIR / "out" / "crashes"


def run(seconds: int) -> bool:
    """Fuzzes each target for so long; whether none found anything."""
    build.fuzz_targets()
    say.step(f"fuzzing {', '.join(TARGETS)}, {seconds} s each")
    good = True
    for target in TARGETS:
        log = places.BUILD_DIR / f"fuzz-{target}.log"
        code = build.run(["sh", "-eu", "-c", _script(target, seconds)], log=log)
        lines = log.read_text(errors="replace").splitlines()
        print(f"{target}: {_summary(lines)}")
        if code != 0:
            good = False
            print("\n".join(lines[-40:]))
            print(f"the whole log is {log}")
            for kept in sorted(_CRASHES.glob(f"{target}-*")):
                print(f"kept: {kept}\nrun it again: ./lab check --input {kept}")
    return good


def again(file: Path) -> bool:
    """Runs one kept input again; whether nothing happens."""
    build.fuzz_targets()
    target = file.name.split("-")[0]
    inner = f"{places.INNER_BUILD}/crashes/{file.name}"
    return build.run([f"{build.FUZZ}/tests/fuzz/fuzz_{target}", inner]) == 0


def _script(target: str, seconds: int) -> str:
    folder = f"{build.FUZZ}/tests/fuzz"
    corpus = f"{places.INNER_BUILD}/corpus/{target}"
    options = f"-max_total_time={seconds} -max_len={_LONGEST_INPUT} -timeout=20 -print_final_stats=1"
    prefix = f"-artifact_prefix={places.INNER_BUILD}/crashes/{target}-"
    inputs = f"{corpus} {folder}/seeds/{target}"
    if (places.TREE / "tests/fuzz/found" / target).is_dir():
        inputs += f" tests/fuzz/found/{target}"
    return f"""
        mkdir -p {corpus} {places.INNER_BUILD}/crashes
        rm -f {places.INNER_BUILD}/crashes/{target}-*
        {folder}/fuzz_{target} {options} {prefix} {inputs}
    """


def _summary(lines: list[str]) -> str:
    """The number of runs, and how much of the code they reached."""
    runs = [line.split()[-1] for line in lines if line.startswith("stat::number_of_executed_units")]
    reached = [line for line in lines if " cov: " in line]
    covered = reached[-1].split(" cov: ")[1].split()[0] if reached else "?"
    return f"{runs[-1] if runs else 'unknown'} runs, {covered} places reached"
