"""What one bad member of three costs: seconds that a preview and an up take more than the same ones on a sound fleet.

The program places a Deployment on all three members; before each run its replicas change, so that every up has work
to do. Each figure is the smallest of two. Goal: less than 20 s more, and the output names the member.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rows import Row, make_row
from stacks import DESTROY, PREVIEW, UP, Stack, engine, timed

from kubefleet.lab.lab import Lab

MEMBER = "us-1"
GOAL_SECONDS = 20
ROUNDS = 2
SIZE = "1 placement, 3 members"
ANSWER_AFTER_MILLISECONDS = 10_000
PROGRAM = """\
import pulumi
from pulumi_kubefleet import Fleet

fleet = Fleet("bench")
for name in ("eu-1", "eu-2", "us-1"):
    fleet.member(name, context=name)
labels = {"app": "web"}
container = {"name": "main", "image": "main:1", "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}
web = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web"},
    "spec": {
        "replicas": REPLICAS,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
    },
}
fleet.placement("web", manifests=web, namespace="default")
pulumi.export("plan", fleet.plan)
"""
Harm = Callable[[Lab], None]
FAULTS: dict[str, tuple[Harm, Harm]] = {
    "hung": (lambda lab: lab.hang(MEMBER), lambda lab: lab.resume(MEMBER)),
    "killed": (lambda lab: lab.kill(MEMBER), lambda lab: lab.restart(MEMBER)),
    # In each direction half of it.
    "late": (lambda lab: lab.delay(MEMBER, ANSWER_AFTER_MILLISECONDS // 2), lambda lab: lab.heal(MEMBER)),
}
"""Name -> how it is inflicted and undone. `late` answers after 10 s."""


def rows() -> list[Row]:
    """Measured on a lab of its own."""
    with tempfile.TemporaryDirectory() as name, Lab("quickstart", folder=Path(name) / "labs") as lab:
        fleet = _Fleet(Stack(engine(lab, Path(name)), Path(name) / "fleet", PROGRAM.replace("REPLICAS", "1")))
        fleet.stack.run(*UP)
        plain = {what: seconds for what, (seconds, _) in fleet.best().items()}
        found = [make_row(f"faults/{what}-sound", seconds, "s", SIZE) for what, seconds in plain.items()]
        for fault in FAULTS:
            with _inflicted(lab, fault):
                run = fleet.best()
            found += _rows_of(fault, plain, run)
            fleet.stack.run(*UP)
        fleet.stack.run(*DESTROY)
    return found


class _Fleet:
    """The stack, whose placement changes before each run."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._replicas = 1

    def best(self) -> dict[str, tuple[float, str]]:
        """Seconds and text of a preview and of an up that change something, the fastest of the rounds."""
        runs = [self._run() for _ in range(ROUNDS)]
        return {what: min(run[what] for run in runs) for what in ("preview", "up")}

    def _run(self) -> dict[str, tuple[float, str]]:
        self._replicas = self._replicas % 4 + 1
        self.stack.write(PROGRAM.replace("REPLICAS", str(self._replicas)))
        return {what: self._one(*arguments) for what, arguments in (("preview", PREVIEW), ("up", UP))}

    def _one(self, *arguments: str) -> tuple[float, str]:
        texts: list[str] = []
        seconds = timed(lambda: texts.append(self.stack.run(*arguments).stdout))
        return seconds, texts[0]


@contextmanager
def _inflicted(lab: Lab, fault: str) -> Iterator[None]:
    inflict, undo = FAULTS[fault]
    inflict(lab)
    try:
        yield
    finally:
        undo(lab)


def _rows_of(fault: str, plain: dict[str, float], run: dict[str, tuple[float, str]]) -> list[Row]:
    found = []
    for what, (seconds, text) in run.items():
        told = f"{MEMBER} is unreachable" in text
        found += [
            make_row(f"faults/{what}-{fault}-more", seconds - plain[what], "s", SIZE, goal=GOAL_SECONDS),
            make_row(f"faults/{what}-{fault}-told", int(told), "of 1", SIZE, better="higher", goal=1),
        ]
    return found
