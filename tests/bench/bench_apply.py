"""500 objects applied to one member by what the provider uses, against `kubectl apply --server-side` of the same ones.

Each round takes a fresh namespace: applied when nothing is there, then again when all is so already; which of the two
begins alternates. Ours opens its connection anew each time; kubectl keeps its discovery on disk, filled before. Each
figure is the smallest of the rounds.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rows import Row, make_row
from stacks import timed

from kubefleet.kube import Connection, Patience, connect
from kubefleet.kube.member_apply import Wanted, place
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.lab.lab import Lab

OBJECTS = 500
ROUNDS = 4
MEMBER = "eu-1"
SIZE = f"{OBJECTS} objects"


def rows() -> list[Row]:
    """Measured on a lab of its own, of one member."""
    with tempfile.TemporaryDirectory() as name, Lab("quickstart", members=1, folder=Path(name) / "labs") as lab:
        return measure(lab, Path(name))


def measure(lab: Lab, folder: Path) -> list[Row]:
    """The rows; everything is left in the lab."""
    kubectl = ["kubectl", f"--kubeconfig={lab.kubeconfig}", f"--cache-dir={folder / 'cache'}"]
    connection = connect(MEMBER, lab.access(MEMBER))
    ways: dict[str, Callable[[str], None]] = {
        "ours": lambda namespace: _place(lab, namespace),
        "kubectl": lambda namespace: _kubectl(kubectl, folder, namespace),
    }
    times: dict[str, list[float]] = {f"{way}-{state}": [] for way in ways for state in ("new", "again")}
    _kubectl(kubectl, folder, _fresh(connection, "warm"))
    for number in range(ROUNDS):
        for way in sorted(ways, reverse=number % 2 == 1):
            namespace = _fresh(connection, f"{way}-{number}")
            for state in ("new", "again"):
                times[f"{way}-{state}"].append(timed(lambda: ways[way](namespace)))  # noqa: B023 - called at once
    connection.close()
    best = {what: min(taken) for what, taken in times.items()}
    ratios = {state: best[f"ours-{state}"] / best[f"kubectl-{state}"] for state in ("new", "again")}
    return [
        *(make_row(f"apply/{what}", seconds, "s", SIZE) for what, seconds in best.items()),
        *(make_row(f"apply/ratio-{state}", ratio, "× kubectl", SIZE) for state, ratio in ratios.items()),
    ]


def objects(namespace: str) -> tuple[dict[str, Any], ...]:
    """What an application has most of, none of which starts a pod."""
    return tuple(_KINDS[number % len(_KINDS)](f"object-{number:03}", namespace) for number in range(OBJECTS))


def _fresh(connection: Connection, name: str) -> str:
    connection.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    return name


def _place(lab: Lab, namespace: str) -> None:
    connection = connect(MEMBER, lab.access(MEMBER))
    identity = PlacementIdentity(f"{namespace:0<16}"[:16], namespace, "bench", "bench")
    wanted = Wanted("1", objects(namespace))
    patience = Patience(15, time.monotonic() + 120)
    place(connection, identity, wanted, cluster_uid="bench", wait=lambda _: None, patience=patience)
    connection.close()


def _kubectl(kubectl: list[str], folder: Path, namespace: str) -> None:
    path = folder / f"{namespace}.json"
    if not path.exists():
        path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(namespace)}))
    command = [*kubectl, f"--context={MEMBER}", "apply", "--server-side", "-f", str(path)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _config_map(name: str, namespace: str) -> dict[str, Any]:
    return _named("v1", "ConfigMap", name, namespace) | {"data": {f"key-{index}": "value" * 10 for index in range(10)}}


def _service(name: str, namespace: str) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}]
    return _named("v1", "Service", name, namespace) | {"spec": {"selector": {"app": name}, "ports": ports}}


def _service_account(name: str, namespace: str) -> dict[str, Any]:
    return _named("v1", "ServiceAccount", name, namespace)


def _role(name: str, namespace: str) -> dict[str, Any]:
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}]
    return _named("rbac.authorization.k8s.io/v1", "Role", name, namespace) | {"rules": rules}


def _named(api_version: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": namespace, "labels": {"app": name}}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


_KINDS = (_config_map, _service, _service_account, _role, _config_map)
