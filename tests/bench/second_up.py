"""How long a second `up` takes that has nothing to do, against an empty program and a snapshot, in the same run.

Goal: at most 1.5 × an empty Pulumi program, plus the time to take the snapshot (a process that does only that: the
engine starts one for a dynamic provider). Each figure is the smallest of five, taken in turns. Exit 1 when missed.

Usage: python tests/bench/second_up.py [--output bench.json]
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from kubefleet.lab.lab import Lab
from kubefleet.lab.pulumi import PulumiEnvironment

ROOT = Path(__file__).parents[2]
ROUNDS = 5
UP = ("up", "--yes", "--skip-preview")


def main() -> int:
    """Measure, print, and say whether the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path)
    output = parser.parse_args().output
    with tempfile.TemporaryDirectory() as name, Lab("quickstart", folder=Path(name) / "labs") as lab:
        figures = measure(lab, Path(name))
    figures["goal"] = 1.5 * figures["empty"] + figures["snapshot"]
    for what, seconds in figures.items():
        sys.stdout.write(f"{what:10} {seconds:6.2f} s\n")
    if output is not None:
        rows = [
            {"name": f"second-up/{what}", "value": round(seconds, 3), "unit": "s", "better": "lower", "size": 3}
            for what, seconds in figures.items()
        ]
        output.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if figures["second-up"] <= figures["goal"] else 1


def measure(lab: Lab, folder: Path) -> dict[str, float]:
    """The smallest times in seconds."""
    pulumi = PulumiEnvironment(folder / "pulumi", settings={"KUBECONFIG": str(lab.kubeconfig)})
    empty, fleet = folder / "empty", folder / "fleet"
    shutil.copytree(ROOT / "examples" / "01-quickstart", fleet)
    empty.mkdir()
    (empty / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
    (empty / "__main__.py").write_text("import pulumi\n")
    for cwd in (empty, fleet):
        pulumi.init("bench", cwd=cwd)
        run(pulumi, cwd)
    contexts = [f"--context={cluster.name}" for cluster in lab.spec.clusters]
    snapshot = [sys.executable, "-m", "kubefleet.cli.main", "inventory", *contexts]
    times: dict[str, list[float]] = {"empty": [], "snapshot": [], "second-up": []}
    for _ in range(ROUNDS):
        times["empty"].append(timed(lambda: run(pulumi, empty)))
        times["second-up"].append(timed(lambda: run(pulumi, fleet)))
        times["snapshot"].append(
            timed(lambda: subprocess.run(snapshot, env=pulumi.environment, check=True, capture_output=True))
        )
    return {what: min(taken) for what, taken in times.items()}


def run(pulumi: PulumiEnvironment, cwd: Path) -> None:
    """An `up` that must succeed."""
    done = pulumi.run(*UP, cwd=cwd)
    if done.code != 0:
        raise RuntimeError(done.stdout + done.stderr)


def timed(work: Callable[[], object]) -> float:
    """Seconds that it took."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


if __name__ == "__main__":
    sys.exit(main())
