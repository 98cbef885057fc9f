"""Objects of a job on a member: made, read, changed and deleted by whoever may do so by their names only."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.jobs.account import JobSeen
from kubefleet.jobs.kinds import JobKind
from kubefleet.jobs.shard_job import JOB_LABEL
from kubefleet.jobs.shard_status import read_shard
from kubefleet.kube.answer import Json
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError, BadAnswer
from kubefleet.kube.object_access import MERGE

MANAGER: Final = "kubefleet-jobs"
OF_JOB: Final = "batch.kubernetes.io/controller-uid"
"""The label of pods that is the uid of their Job."""


def made(connection: Connection, path: str, manifest: Mapping[str, Any], label: str = JOB_LABEL) -> Json:
    """What is at that path, which is created where nothing is, if its `label` has the value that the manifest says.
    Raises ApiError where it is somebody else's.

    By apply: whoever may create by name only may not POST.
    """
    try:
        found = connection.get(path)
    except ApiError as error:
        if error.status != 404:
            raise
        return _applied(connection, path, manifest)
    if (found["metadata"].get("labels") or {}).get(label) != manifest["metadata"]["labels"][label]:
        raise _taken(connection.name, manifest)
    return found


def read(connection: Connection, kind: JobKind | None, item: Json, own: int | None = None) -> JobSeen:
    """As `read_shard`. Raises BadAnswer for what is none."""
    try:
        return read_shard(kind, item, own)
    except (KeyError, TypeError, ValueError) as error:
        raise BadAnswer(connection.name, f"{item['metadata']['name']}: {error}") from None


def change(connection: Connection, path: str, uid: str, spec: Mapping[str, Any]) -> None:
    """Set these fields of the spec of what is at that path, if it has that uid. Raises as `Connection` does."""
    body = {"metadata": {"uid": uid}, "spec": spec}
    try:
        connection.patch(path, body, MERGE, fieldManager=MANAGER)
    except ApiError as error:
        # Gone, or another one of its name: the next look will tell.
        if error.status not in (404, 409):
            raise


def delete(connection: Connection, path: str, uid: str, how: str) -> None:
    """Delete what is at that path, if it has that uid, by the propagation policy `how`. Raises as `Connection` does."""
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": how}
    try:
        connection.delete(path, {**body, "preconditions": {"uid": uid}})
    except ApiError as error:
        # Gone, or another one of its name: neither is the one to be deleted.
        if error.status not in (404, 409):
            raise


def is_over(pod: Mapping[str, Any]) -> bool:
    """Whether it has ended by itself."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _applied(connection: Connection, path: str, manifest: Mapping[str, Any]) -> Json:
    try:
        return connection.patch(path, manifest, fieldManager=MANAGER, force=False, fieldValidation="Strict")
    except ApiError as error:
        if error.status == 404:
            # Says so where it is the kind that is not there.
            connection.path_of(manifest["apiVersion"], manifest["kind"], manifest["metadata"]["namespace"])
        raise


def _taken(member: str, manifest: Mapping[str, Any]) -> ApiError:
    name = f"{manifest['kind']} {manifest['metadata']['namespace']}/{manifest['metadata']['name']}"
    message = f"{name} is somebody else's (expected none of that name). Remove it, or give the job another name"
    return ApiError(member, f"PATCH {name}", 409, "AlreadyExists", message)
