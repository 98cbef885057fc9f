"""What the objects of a job on the hub are called, and who may make them there."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from kubefleet.dispatch.owned import MANAGER
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.patience import never

RULES: Final = (
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "delete", "get", "list", "patch"]},
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["create", "delete", "get", "patch"]},
)
"""What whoever runs jobs has to be let do in the fleet's namespace on the hub."""


def hub_name(uid: str) -> str:
    """The name of all that the job has on the hub."""
    return f"fleet-job-{uid}"


def undisturbed(hub: Connection) -> Connection:
    """The same for what is to be written after a cancel too: how far it has come, and that nobody is at work."""
    return replace(hub, patience=replace(hub.patience, cancelled=never))


def create_in(hub: Connection, path: str, namespace: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Create an object in a namespace, which is made where it is not there; None where one has its name."""
    try:
        return hub.post(path, body, fieldManager=MANAGER)
    except ApiError as error:
        if error.reason == "AlreadyExists":
            return None
        if error.status != 404 or error.details.get("kind") != "namespaces":
            raise
    create_in(hub, "/api/v1/namespaces", "", {"metadata": {"name": namespace}})
    return create_in(hub, path, namespace, body)
