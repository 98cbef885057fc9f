"""The objects that a member has of a fleet: applied when it joins, removed when it leaves."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.federation.member import federation_in
from kubefleet.federation.minting import minting_manifests
from kubefleet.federation.modes import Mode
from kubefleet.federation.role import READER, account_in
from kubefleet.identity.agent import AGENT_ROLE
from kubefleet.identity.ceiling import LABEL, Ceiling
from kubefleet.identity.federation import ROLE_PREFIX
from kubefleet.identity.join import join_manifests
from kubefleet.identity.join_granted import granted_join_manifests
from kubefleet.identity.needs import HOME
from kubefleet.identity.roles import VERSION
from kubefleet.jobs.gang_objects import hold_class
from kubefleet.jobs.global_index import index_policy
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import MERGE, apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef, ref_of

MANAGER: Final = "kubefleet-join"
MODE: Final = "pulumi-kubefleet/mode"
"""An annotation of the fleet's own namespace: the mode that the member has joined in."""
_NAMESPACE: Final = "Namespace"
_CONFLICTS: Final = 5
_OF_LATER: Final = frozenset({"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"})
"""Without them the pods of a job learn of their index in another way."""

Manifests = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Applied:
    """One object of a join at a cluster (a member, or the hub), and whether that has changed it."""

    cluster: str
    kind: str
    changed: bool


def joining(
    mode: Mode,
    ceiling: Ceiling,
    operators: Sequence[str] = (),
    user: str = "",
    agent: str = "",
    *,
    legacy: bool = False,
) -> tuple[Mapping[str, Any], ...]:
    """Everything that a join applies at the member, in its order: namespaces, accounts, policies, and only then the
    roles that these hold. `operators` are users who may act as the fleet's accounts in the member, and may do nothing
    else there. `user` is whom the member takes the fleet for, where the mode does not know; `agent` who acts as the
    fleet's users, where these have no credentials of their own, and `legacy` how.
    """
    if mode.grants:
        applied = join_manifests(federation_in(mode, agent, legacy=legacy), ceiling)
    else:
        applied = granted_join_manifests(user or mode.user(READER), ceiling)
    accounts = (account_in(HOME, role) for role in (mode.accounts if mode.accounts_on_members else ()))
    return (
        *(_recorded(item, mode) for item in applied if item["kind"] == _NAMESPACE),
        *accounts,
        *(item for item in applied if item["kind"] != _NAMESPACE),
        *index_policy(),
        hold_class(),
        *(minting_manifests(operators) if operators else ()),
    )


def on_hub(mode: type[Mode], namespace: str, operators: Sequence[str] = ()) -> tuple[Mapping[str, Any], ...]:
    """The same on the hub, where the accounts are there: of the fleet as a whole, not of one member. `operators` are
    users of the hub.
    """
    if mode.accounts_on_members or not mode.accounts:
        return ()
    return (
        {"apiVersion": "v1", "kind": _NAMESPACE, "metadata": {"name": namespace}},
        *(account_in(namespace, role) for role in mode.accounts),
        *(minting_manifests(operators, namespace) if operators else ()),
    )


def joined_in(admin: Connection) -> str:
    """The mode that a member has joined in; empty where it has not, or nobody has written it down. Raises as
    `Connection` does.
    """
    try:
        home = admin.get(f"/api/v1/namespaces/{HOME}")
    except ApiError as error:
        if error.status != 404:
            raise
        return ""
    return str(((home.get("metadata") or {}).get("annotations") or {}).get(MODE) or "")


def join(admin: Connection, manifests: Manifests) -> Iterator[Applied]:
    """Apply them, one at a time as the iterator goes on. What is so already stays as it is. A namespace that an earlier
    join had let in, and this one does not, is outside again, first of all. Raises MemberError.
    """
    inside = {item["metadata"]["name"] for item in manifests if item["kind"] == _NAMESPACE}
    yield from _outside(admin, keep=inside)
    yield from apply_all(admin, manifests)


def apply_all(connection: Connection, manifests: Manifests) -> Iterator[Applied]:
    """Apply them one at a time, but for what an older server lacks and nobody depends on. Raises MemberError."""
    for manifest in manifests:
        if manifest["kind"] in _OF_LATER and connection.resource_of(manifest["apiVersion"], manifest["kind"]) is None:
            continue
        live = find(connection, ref_of(manifest))
        after = apply_body(connection, manifest, manager=MANAGER, force=True)
        yield Applied(connection.name, manifest["kind"], live is None or _said(live) != _said(after))


def leave(admin: Connection, manifests: Manifests) -> Iterator[Applied]:
    """Remove them, last first; namespaces stay, without the ceiling's label. What placements that are still there were
    given goes when nobody can give them more, and before the policies that bound it. Raises MemberError.
    """
    going = [manifest for manifest in reversed(manifests) if manifest["kind"] != _NAMESPACE]
    yield from _removed(admin, [manifest for manifest in going if manifest["apiVersion"] == VERSION])
    yield from _given(admin)
    yield from _removed(admin, [manifest for manifest in going if manifest["apiVersion"] != VERSION])
    yield from _outside(admin, keep=frozenset())


def _removed(admin: Connection, manifests: Manifests) -> Iterator[Applied]:
    for manifest in manifests:
        there = find(admin, ref_of(manifest)) is not None
        _delete(admin, ref_of(manifest))
        yield Applied(admin.name, manifest["kind"], there)


def _delete(admin: Connection, ref: ObjectRef) -> None:
    """Whatever it says now: controllers write into a policy's status a moment after it was made."""
    for _ in range(_CONFLICTS):
        try:
            delete_if_there(admin, ref)
        except ApiError as error:
            if error.status != 409:
                raise
        else:
            return
    delete_if_there(admin, ref)


def _given(admin: Connection) -> Iterator[Applied]:
    """By the names that are for placements alone; bindings first, so that rights end at once."""
    for kind in ("ClusterRoleBinding", "RoleBinding", "ClusterRole", "Role"):
        for item in list(admin.list(f"/apis/{VERSION}/{kind.lower()}s")):
            metadata = item["metadata"]
            if metadata["name"].startswith(ROLE_PREFIX):
                _delete(admin, ObjectRef(VERSION, kind, metadata.get("namespace", ""), metadata["name"]))
                yield Applied(admin.name, kind, changed=True)


def _outside(admin: Connection, *, keep: Collection[str]) -> Iterator[Applied]:
    """Namespaces lose the ceiling's label, whoever has set it, and with it what the agent may ask for there."""
    labelled = [item["metadata"]["name"] for item in admin.list("/api/v1/namespaces", labelSelector=LABEL)]
    for name in sorted(set(labelled) - set(keep)):
        gone = {"metadata": {"labels": {LABEL: None}, "annotations": {MODE: None}}}
        admin.patch(f"/api/v1/namespaces/{name}", gone, MERGE, fieldManager=MANAGER)
        for kind in ("RoleBinding", "Role"):
            delete_if_there(admin, ObjectRef(VERSION, kind, name, AGENT_ROLE))
        yield Applied(admin.name, _NAMESPACE, changed=True)


def _recorded(namespace: Mapping[str, Any], mode: Mode) -> Mapping[str, Any]:
    if namespace["metadata"]["name"] != HOME:
        return namespace
    return {**namespace, "metadata": {**namespace["metadata"], "annotations": {MODE: mode.name}}}


def _said(live: Mapping[str, Any]) -> dict[str, Any]:
    """Without what others write in the meantime: an API server's checks of a policy are in its status."""
    passing = ("managedFields", "resourceVersion")
    metadata = {key: value for key, value in live["metadata"].items() if key not in passing}
    return {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}
