"""Preview, up, second up and destroy of many placements on three members, against an empty program in the same run.

Each placement is a ConfigMap and a Deployment of one replica in a namespace that is there, on two of the members. A
second up must write nothing to any member.
"""

import tempfile
import time
from pathlib import Path

from rows import Row, make_row
from stacks import DESTROY, EMPTY, PREVIEW, UP, Stack, engine

from kubefleet.lab.credentials import ADMIN
from kubefleet.lab.lab import Lab

COUNTS = (1, 20, 200)
# An API server may answer a little before it has written the request into its log.
LOG_SECONDS = 0.5
PROGRAM = """\
import pulumi
from pulumi_kubefleet import Fleet, PickN

fleet = Fleet("bench")
for name in ("eu-1", "eu-2", "us-1"):
    fleet.member(name, context=name)


def app(name):
    labels = {"app": name}
    container = {"name": "main", "image": "main:1", "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"level": "info"}},
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        },
    ]


for number in range(COUNT):
    name = f"app-{number:03}"
    fleet.placement(name, manifests=app(name), namespace="default", policy=PickN(2))

pulumi.export("plan", fleet.plan)
"""


def rows() -> list[Row]:
    """Measured on a lab of its own, which each size leaves empty."""
    with tempfile.TemporaryDirectory() as name, Lab("quickstart", folder=Path(name) / "labs") as lab:
        found = _empty(lab, Path(name))
        for count in COUNTS:
            found += _placed(lab, Path(name), count)
    return found


def _empty(lab: Lab, folder: Path) -> list[Row]:
    stack = Stack(engine(lab, folder), folder / "empty", EMPTY)
    first = stack.seconds(*UP)
    figures = {"preview": stack.seconds(*PREVIEW), "first-up": first, "second-up": stack.seconds(*UP)}
    return [make_row(f"placements/{what}", seconds, "s", "empty program") for what, seconds in figures.items()]


def _placed(lab: Lab, folder: Path, count: int) -> list[Row]:
    stack = Stack(engine(lab, folder), folder / f"fleet-{count}", PROGRAM.replace("COUNT", str(count)))
    size = "1 placement" if count == 1 else f"{count} placements"
    preview, first = stack.seconds(*PREVIEW), stack.seconds(*UP)
    time.sleep(LOG_SECONDS)
    since = {cluster.name: lab.audited(cluster.name) for cluster in lab.spec.clusters}
    second = stack.seconds(*UP)
    time.sleep(LOG_SECONDS)
    writes = sum(write.user == ADMIN for name, events in since.items() for write in lab.writes(name, events))
    figures = {"preview": preview, "first-up": first, "second-up": second, "destroy": stack.seconds(*DESTROY)}
    return [
        *(make_row(f"placements/{what}", seconds, "s", size) for what, seconds in figures.items()),
        make_row("placements/writes-of-second-up", writes, "writes", size, goal=0),
    ]
