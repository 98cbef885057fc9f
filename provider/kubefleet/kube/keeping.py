"""When a container of other objects must stay: what would be lost with it is somebody else's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.namespace_content import namespace_content
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.ownership import was_created
from kubefleet.kube.patience import Patience
from kubefleet.kube.pause import pause

_PAUSE: Final = 0.3
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """Why it stays. `again`: only for now, what it holds is on its way out."""

    why: str
    again: bool = False


def kept_by_content(connection: Connection, live: Mapping[str, Any], patience: Patience) -> Kept | None:
    """Whether a Namespace or CRD must stay because of what is in it; None when it may go, or is another kind.

    Waits for pods and other dependents that are still being collected, up to the patience's deadline.
    """
    ref = ref_of(live)
    if (ref.group, ref.kind) == ("", "Namespace"):
        return _kept_namespace(connection, live, patience)
    if (ref.group, ref.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return _kept_definition(connection, live)
    return None


def _kept_namespace(connection: Connection, live: Mapping[str, Any], patience: Patience) -> Kept | None:
    if not was_created(live):
        return Kept("not made by a placement")
    name = ref_of(live).name
    while True:
        try:
            content = namespace_content(connection, name)
        except ApiError as error:
            if error.status != 403:
                raise
            return Kept("what it holds may not be listed, so nobody can tell whether it is empty")
        if content.foreign:
            return Kept(f"holds {_listed(content.foreign)}")
        if not content.leaving:
            return None
        if not pause(connection.name, patience, _PAUSE):
            return Kept(f"still holds {_listed(content.leaving)}", again=True)


def _kept_definition(connection: Connection, live: Mapping[str, Any]) -> Kept | None:
    spec = live["spec"]
    version = next((item["name"] for item in spec["versions"] if item.get("served")), None)
    if version is None:
        return Kept("serves no version, so nobody can tell whether resources of it exist")
    plural = spec["names"]["plural"]
    try:
        found = next(connection.list(f"/apis/{spec['group']}/{version}/{plural}", limit=1), None)
    except ApiError as error:
        if error.status != 403:
            raise
        return Kept("resources of it may not be listed, so nobody can tell whether there are any")
    return None if found is None else Kept(f"resources of it exist that are not ours: {plural}.{spec['group']}")


def _listed(refs: tuple[ObjectRef, ...]) -> str:
    more = f" and {len(refs) - _SHOWN} more" if len(refs) > _SHOWN else ""
    return ", ".join(str(ref) for ref in refs[:_SHOWN]) + more
