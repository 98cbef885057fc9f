"""A member joins a fleet, and leaves it: the one piece of work that takes an admin of the member."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kubefleet.federation.member import federation_in
from kubefleet.federation.minting import minting_manifests
from kubefleet.federation.modes import Mode
from kubefleet.federation.role import READER, RIGHTS, account_in
from kubefleet.identity.ceiling import LABEL, Ceiling
from kubefleet.identity.join import join_manifests
from kubefleet.identity.needs import HOME
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_access import MERGE, apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ref_of

MANAGER: Final = "kubefleet-join"
_NAMESPACE: Final = "Namespace"

Manifests = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Applied:
    """One object of a join, and whether that has changed it."""

    kind: str
    changed: bool


def joining(mode: Mode, ceiling: Ceiling, operators: Sequence[str] = ()) -> tuple[Mapping[str, Any], ...]:
    """Everything that a join applies, in its order: namespaces, accounts, policies, and only then the roles that these
    hold. `operators` are users who may act as the fleet's accounts in the member, and may do nothing else there.
    """
    policies = join_manifests(federation_in(mode), ceiling)
    accounts = (account_in(HOME, role) for role in ((READER, RIGHTS) if mode.accounts_on_members else ()))
    return (
        *(item for item in policies if item["kind"] == _NAMESPACE),
        *accounts,
        *(item for item in policies if item["kind"] != _NAMESPACE),
        *(minting_manifests(operators) if operators else ()),
    )


def join(admin: Connection, manifests: Manifests) -> Iterator[Applied]:
    """Apply them, one at a time as the iterator goes on. What is so already stays as it is. A namespace that an earlier
    join had let in, and this one does not, is outside again, first of all. Raises MemberError.
    """
    inside = {item["metadata"]["name"] for item in manifests if item["kind"] == _NAMESPACE}
    yield from _outside(admin, keep=inside)
    for manifest in manifests:
        live = find(admin, ref_of(manifest))
        after = apply_body(admin, manifest, manager=MANAGER, force=True)
        yield Applied(manifest["kind"], live is None or _version(live) != _version(after))


def leave(admin: Connection, manifests: Manifests) -> Iterator[Applied]:
    """Remove them, last first; namespaces stay, without the ceiling's label. Raises MemberError."""
    for manifest in reversed(manifests):
        if manifest["kind"] != _NAMESPACE:
            there = find(admin, ref_of(manifest)) is not None
            delete_if_there(admin, ref_of(manifest))
            yield Applied(manifest["kind"], there)
    yield from _outside(admin, keep=frozenset())


def _outside(admin: Connection, *, keep: Collection[str]) -> Iterator[Applied]:
    """Namespaces lose the ceiling's label, whoever has set it."""
    labelled = [item["metadata"]["name"] for item in admin.list("/api/v1/namespaces", labelSelector=LABEL)]
    for name in sorted(set(labelled) - set(keep)):
        admin.patch(f"/api/v1/namespaces/{name}", {"metadata": {"labels": {LABEL: None}}}, MERGE, fieldManager=MANAGER)
        yield Applied(_NAMESPACE, changed=True)


def _version(live: Mapping[str, Any]) -> str:
    return str(live["metadata"]["resourceVersion"])
