"""The quick start from nothing to a placed, changed, moved and destroyed workload, with Pulumi's own output.

`make demo` runs it. It starts a lab of three real clusters, drives the stack of the repository's root on it, and
checks each phase on the clusters themselves. Everything is kept below `.demo/`; run it as often as you like.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from kubefleet.lab.failure import LabError
from kubefleet.lab.lab import Lab
from kubefleet.lab.programs import ProgramError, ensure, find
from kubefleet.lab.pulumi import PulumiEnvironment

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".demo"
FLEET_FILE = Path("examples") / "01-quickstart" / "fleet.yaml"
PROGRAMS = ("kube-apiserver", "kwok", "pulumi")
STACK = "demo"
console = Console(soft_wrap=True, highlight=False)


class PhaseError(Exception):
    """A phase did not end as it should."""


@dataclass
class Demo:
    """The lab, the engine, and what each phase has shown."""

    lab: Lab
    pulumi: PulumiEnvironment
    summary: list[tuple[str, str, float]] = field(default_factory=list)

    def run(self, *arguments: str) -> str:
        """One command of Pulumi on the quick start's stack, its output shown as it comes."""
        console.print(f"$ pulumi {' '.join(arguments)}", style="bold", markup=False)
        done = self.pulumi.stream(*arguments, cwd=ROOT, line=lambda line: console.print(line, markup=False))
        if done.code != 0:
            raise PhaseError(f"`pulumi {' '.join(arguments)}` ended with {done.code} (expected 0)")
        return done.stdout

    def phase(self, title: str, work: Callable[[], str]) -> None:
        """Do one thing, and note what came of it."""
        console.print()
        console.print(Rule(title, align="left"))
        started = time.monotonic()
        self.summary.append((title, work(), time.monotonic() - started))

    def replicas(self) -> dict[str, int]:
        """The web server's desired replicas on each cluster, from the clusters."""
        found = {}
        for cluster in self.lab.spec.clusters:
            done = self.kubectl(cluster.name, "get", "deployment", "web", "--ignore-not-found", "-o", "json", "-nshop")
            if done:
                found[cluster.name] = int(json.loads(done)["spec"]["replicas"])
        return found

    def kubectl(self, cluster: str, *arguments: str) -> str:
        """The output of kubectl at a cluster."""
        command = ["kubectl", f"--kubeconfig={self.lab.kubeconfig}", f"--context={cluster}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def write_count(self) -> int:
        """Writes by the user that Pulumi works with, on all clusters since the lab began."""
        return sum(
            write.user == "lab-admin" for cluster in self.lab.spec.clusters for write in self.lab.writes(cluster.name)
        )


def main() -> int:
    """Run all phases; the exit code."""
    started = time.monotonic()
    try:
        programs_ready()
        shutil.rmtree(FOLDER, ignore_errors=True)
        with Lab("quickstart", name="lab", folder=FOLDER) as lab:
            console.print(f"lab: {', '.join(cluster.name for cluster in lab.spec.clusters)} are ready")
            pulumi = PulumiEnvironment(FOLDER / "pulumi", settings={"KUBECONFIG": str(lab.kubeconfig)})
            pulumi.init(STACK, cwd=ROOT)
            demo = Demo(lab, pulumi)
            run_phases(demo)
    except (LabError, ProgramError, PhaseError) as error:
        console.print(f"demo failed: {error}", style="red", markup=False)
        return 1
    finally:
        (ROOT / f"Pulumi.{STACK}.yaml").unlink(missing_ok=True)
    table = Table("phase", "what happened", "seconds", title="What happened", title_justify="left")
    for title, result, seconds in demo.summary:
        table.add_row(title, result, f"{seconds:.1f}")
    console.print()
    console.print(table)
    console.print(f"{time.monotonic() - started:.0f} s in all. Next: read examples/, or `kubefleet --help`.")
    return 0


def programs_ready() -> None:
    """Have the engine and the control planes; while they build, show what the scheduler alone can do."""
    if all(find(name) for name in PROGRAMS):
        simulate()
        return
    console.print("The engine and the clusters' programs are built once: about 13 minutes on two cores. Meanwhile:")
    failed: list[ProgramError] = []

    def build() -> None:
        try:
            ensure("kube", "kwok", "pulumi")
        except ProgramError as error:
            failed.append(error)

    simulate()
    builder = threading.Thread(target=build, daemon=True)
    builder.start()
    while builder.is_alive():
        builder.join(0.5)
    if failed:
        raise failed[0]


def simulate() -> None:
    """`kubefleet simulate` needs no cluster."""
    console.print(f"$ kubefleet simulate {FLEET_FILE}", style="bold")
    subprocess.run([sys.executable, "-m", "kubefleet.cli.main", "simulate", str(FLEET_FILE)], cwd=ROOT, check=False)


def run_phases(demo: Demo) -> None:
    """The story, in order."""
    demo.phase("preview", lambda: _preview(demo))
    demo.phase("up", lambda: _up(demo))
    demo.phase("second up", lambda: _second_up(demo))
    demo.phase("a NoSchedule taint on eu-1", lambda: _no_schedule(demo))
    demo.phase("a NoExecute taint on eu-1", lambda: _no_execute(demo))
    demo.phase("replicas 3 -> 7", lambda: _scale(demo))
    demo.phase("destroy", lambda: _destroy(demo))


def _preview(demo: Demo) -> str:
    before = demo.write_count()
    demo.run("preview")
    _expect(demo.write_count() - before, 0, "writes of a preview")
    return "the decision is shown, nothing is written to any cluster"


def _up(demo: Demo) -> str:
    demo.run("up", "--yes", "--skip-preview")
    _expect(sum(demo.replicas().values()), 3, "replicas")
    return f"placed: {_shown(demo.replicas())}"


def _second_up(demo: Demo) -> str:
    before = demo.write_count()
    if "unchanged" not in demo.run("up", "--yes", "--skip-preview"):
        raise PhaseError("a second up changed something (expected nothing)")
    _expect(demo.write_count() - before, 0, "writes of a second up")
    return "no changes, no write"


def _no_schedule(demo: Demo) -> str:
    before = demo.replicas()
    demo.run("config", "set", "taint", "NoSchedule")
    shown = demo.run("preview")
    if "kept on eu-1" not in shown:
        raise PhaseError("the preview does not say that web is kept on eu-1")
    demo.run("up", "--yes", "--skip-preview")
    _expect(demo.replicas(), before, "replicas")
    return "kept where it is, and said so"


def _no_execute(demo: Demo) -> str:
    demo.run("config", "set", "taint", "NoExecute")
    shown = demo.run("preview")
    if "because it is tainted NoExecute" not in shown:
        raise PhaseError("the preview does not name the move and its reason")
    demo.run("up", "--yes", "--skip-preview")
    after = demo.replicas()
    _expect("eu-1" in after, False, "web on eu-1")
    _expect(sum(after.values()), 3, "replicas")
    return f"moved, the new side healthy before the old one was emptied: {_shown(after)}"


def _scale(demo: Demo) -> str:
    before = demo.replicas()
    demo.run("config", "set", "replicas", "7")
    demo.run("up", "--yes", "--skip-preview")
    after = demo.replicas()
    _expect(sum(after.values()), 7, "replicas")
    _expect(all(after.get(name, 0) >= count for name, count in before.items()), True, "that nothing was taken away")
    return f"only added: {_shown(before)} became {_shown(after)}"


def _destroy(demo: Demo) -> str:
    demo.run("destroy", "--yes")
    for cluster in demo.lab.spec.clusters:
        names = demo.kubectl(cluster.name, "get", "namespaces", "-o", "name").split()
        left = {"namespace/shop", "namespace/pulumi-kubefleet"} & set(names)
        _expect(left, set(), f"what is left on {cluster.name}")
    return "nothing is left on any cluster"


def _expect(seen: object, wanted: object, what: str) -> None:
    if seen != wanted:
        raise PhaseError(f"{what}: {seen} (expected {wanted})")


def _shown(replicas: dict[str, int]) -> str:
    return ", ".join(f"{name} x{count}" for name, count in sorted(replicas.items()))


if __name__ == "__main__":
    sys.exit(main())
