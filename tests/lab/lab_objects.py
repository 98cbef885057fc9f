"""Objects and waits that tests of the lab share."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab

PREFIX = "lab.pulumi-kubefleet"
QUICK = {f"{PREFIX}/{stage}-after": "50ms" for stage in ("start", "ready", "stop")}
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


def until(reached: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until it holds; what it then returned."""
    end = time.monotonic() + seconds
    while not (found := reached()):
        assert time.monotonic() < end, f"it did not come in {seconds} s"
        time.sleep(0.05)
    return found


@contextmanager
def in_space(lab: Lab, names: Iterable[str], space: str, **options: Any) -> Iterator[dict[str, Connection]]:
    """Connections to members, on which there is a namespace meanwhile, in which pods may be made."""
    opened = {name: connect(name, lab.access(name), **options) for name in names}
    for connection in opened.values():
        connection.post("/api/v1/namespaces", {"metadata": {"name": space}})
        until(lambda at=connection: list(at.list(f"/api/v1/namespaces/{space}/serviceaccounts")))
    yield opened
    for connection in opened.values():
        connection.delete(f"/api/v1/namespaces/{space}")
        connection.close()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def template(app: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "main:1", **spec.pop("container", {})}
    metadata = {"labels": {"app": app}, "annotations": QUICK | (annotations or {})}
    return {"metadata": metadata, "spec": {"containers": [container], **spec}}


def deployment(name: str, replicas: int = 2, **annotations: str) -> dict[str, Any]:
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": template(name, {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}),
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def job(name: str, **annotations: str) -> dict[str, Any]:
    more = {f"{PREFIX}/{key.replace('_', '-')}": text for key, text in annotations.items()}
    spec = {"backoffLimit": 0, "template": template(name, more, restartPolicy="Never")}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": spec}


def crd(plural: str, group: str, scope: str = "Namespaced") -> dict[str, Any]:
    """A CRD of one version; `things` are of the kind `Thing`, whose resources may hold anything in `spec`."""
    singular = plural.removesuffix("s")
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "singular": singular, "kind": singular.capitalize()},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def definition(group: str, version: str, kind: str, plural: str) -> dict[str, Any]:
    """The CRD of another project's kind, as far as a test needs it: anything in `spec` and `status`, which is apart."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}}
    served = {"name": version, "served": True, "storage": True, "schema": schema, "subresources": {"status": {}}}
    names = {"plural": plural, "singular": kind.lower(), "kind": kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
        },
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [served]},
    }


def available(connection: Connection, name: str) -> int:
    return int(connection.get(f"{DEPLOYMENTS}/{name}").get("status", {}).get("availableReplicas", 0))


def condition(connection: Connection, path: str, kind: str) -> dict[str, Any]:
    """The condition of that type, or an empty one."""
    found = connection.get(path).get("status", {}).get("conditions", [])
    return next((item for item in found if item["type"] == kind), {})


def gone(connection: Connection, path: str, label: str) -> bool:
    return not list(connection.list(path, labelSelector=f"app={label}"))


FOREGROUND = {"propagationPolicy": "Foreground"}
