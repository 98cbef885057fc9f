"""A snapshot of one large member in a process of its own, against `kubectl get nodes,pods` of the same API server.

The process starts, imports, reads and reduces. Each time is the smallest of three, the memory the largest, taken in
turns.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from crowd import NAMESPACES, NODES, PODS, fill, large_member
from rows import Row, make_row
from stacks import timed

from kubefleet.kube import connect
from kubefleet.lab.lab import Lab

MEMBER = "large-1"
ROUNDS = 3
SIZE = f"{NODES} nodes, {PODS} pods, {NAMESPACES} namespaces"
GOAL_SECONDS, GOAL_MIB = 3, 200


def rows() -> list[Row]:
    """Measured on a lab of its own, of one member."""
    with tempfile.TemporaryDirectory() as name, Lab(large_member(MEMBER), folder=Path(name)) as lab:
        connection = connect(MEMBER, lab.access(MEMBER), answer_within=60)
        fill(connection)
        connection.close()
        return measure(lab)


def measure(lab: Lab) -> list[Row]:
    """The rows, of the lab as it is."""
    snapshot = [sys.executable, str(Path(__file__).with_name("take_snapshot.py")), str(lab.kubeconfig), MEMBER]
    read = ["kubectl", f"--kubeconfig={lab.kubeconfig}", f"--context={MEMBER}", "get", "nodes,pods", "-A", "-o", "json"]
    whole, inside, peaks, kubectl = [], [], [], []
    for _ in range(ROUNDS):
        seen: dict[str, Any] = {}
        whole.append(timed(lambda: seen.update(json.loads(_output(snapshot)))))  # noqa: B023 - called at once
        if (seen["state"], seen["nodes"], seen["pods"]) != ("ready", NODES, PODS):
            raise RuntimeError(f"the snapshot saw {seen} (expected {SIZE})")
        inside.append(seen["seconds"])
        peaks.append(seen["peak"])
        kubectl.append(timed(lambda: subprocess.run(read, check=True, stdout=subprocess.DEVNULL)))
    return [
        make_row("snapshot/process", min(whole), "s", SIZE, goal=GOAL_SECONDS),
        make_row("snapshot/call", min(inside), "s", SIZE),
        make_row("snapshot/peak-memory", max(peaks), "MiB", SIZE, goal=GOAL_MIB),
        make_row("snapshot/kubectl", min(kubectl), "s", SIZE),
    ]


def _output(command: list[str]) -> bytes:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
