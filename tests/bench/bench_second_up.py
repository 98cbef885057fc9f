"""How long a second `up` takes that has nothing to do, against an empty program and a snapshot, in the same run.

Goal: at most 1.5 × an empty Pulumi program, plus the time to take the snapshot (a process that does only that: the
engine starts one for a dynamic provider). Each figure is the smallest of five, taken in turns.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rows import Row, make_row
from stacks import EMPTY, Stack, engine, timed

from kubefleet.lab.lab import Lab

ROOT = Path(__file__).parents[2]
ROUNDS = 5
UP = ("up", "--yes", "--skip-preview")
SIZE = "1 placement, 3 members"


def rows() -> list[Row]:
    """Measured on a lab of its own."""
    with tempfile.TemporaryDirectory() as name, Lab("quickstart", folder=Path(name) / "labs") as lab:
        figures = measure(lab, Path(name))
    goal = 1.5 * figures["empty"] + figures["snapshot"]
    return [
        make_row(f"second-up/{what}", seconds, "s", SIZE, goal=goal if what == "second-up" else None)
        for what, seconds in figures.items()
    ]


def measure(lab: Lab, folder: Path) -> dict[str, float]:
    """The smallest times in seconds."""
    pulumi = engine(lab, folder)
    shutil.copytree(ROOT / "examples" / "01-quickstart", folder / "fleet")
    stacks = {"empty": Stack(pulumi, folder / "empty", EMPTY), "second-up": Stack(pulumi, folder / "fleet", "")}
    for stack in stacks.values():
        stack.run(*UP)
    contexts = [f"--context={cluster.name}" for cluster in lab.spec.clusters]
    snapshot = [sys.executable, "-m", "kubefleet.cli.main", "inventory", *contexts]
    times: dict[str, list[float]] = {"empty": [], "snapshot": [], "second-up": []}
    for _ in range(ROUNDS):
        for what, stack in stacks.items():
            times[what].append(stack.seconds(*UP))
        times["snapshot"].append(
            timed(lambda: subprocess.run(snapshot, env=pulumi.environment, check=True, capture_output=True))
        )
    return {what: min(taken) for what, taken in times.items()}
