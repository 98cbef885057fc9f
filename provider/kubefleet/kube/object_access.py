"""One object at a time: get, apply, delete. By name only, so that object-exact rights suffice."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_ref import ObjectRef, ref_of

MERGE: Final = "application/merge-patch+json"


def find(connection: Connection, ref: ObjectRef) -> dict[str, Any] | None:
    """The live object, or None: not found, or its kind is not served (its CRD is still to come, or gone)."""
    try:
        return connection.get(path_to(connection, ref))
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def path_to(connection: Connection, ref: ObjectRef) -> str:
    """The object's path. Raises ApiError 404 when its kind is not served."""
    return connection.path_of(ref.api_version, ref.kind, ref.namespace, ref.name)


def apply_body(
    connection: Connection, body: Mapping[str, Any], *, manager: str, force: bool, dry_run: bool = False
) -> dict[str, Any]:
    """Server-side apply; gives the object as stored, or as it would be. Raises ApiError, 409 when another manager holds
    a field.
    """
    return connection.patch(
        path_to(connection, ref_of(body)),
        body,
        fieldManager=manager,
        force=force,
        fieldValidation="Strict",
        dryRun="All" if dry_run else None,
    )


def delete_live(connection: Connection, live: Mapping[str, Any], propagation: str = "Background") -> None:
    """Delete exactly what was read: uid and resourceVersion are preconditions (ApiError 409 when it changed since).

    In the background if nothing else is said: dependents are collected afterwards. Foreground deletion would make the
    object itself wait for the garbage collector, for ever where none runs, and says nothing about pods that another
    object adopts.
    """
    metadata = live["metadata"]
    connection.delete(
        path_to(connection, ref_of(live)),
        {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": propagation,
            "preconditions": {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]},
        },
    )


def delete_if_there(connection: Connection, ref: ObjectRef) -> None:
    """As `delete_live` of what is there now; nothing there is no error."""
    live = find(connection, ref)
    if live is None:
        return
    try:
        delete_live(connection, live)
    except ApiError as error:
        if error.status != 404:
            raise


def change_live(connection: Connection, live: Mapping[str, Any], change: Mapping[str, Any], manager: str) -> None:
    """Set single fields of exactly what was read: its resourceVersion is a precondition (ApiError 409 when it changed
    since).
    """
    body = {"metadata": {"resourceVersion": live["metadata"]["resourceVersion"]}, **change}
    connection.patch(path_to(connection, ref_of(live)), body, MERGE, fieldManager=manager)
