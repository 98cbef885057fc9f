"""Applying a join to a member, by the access that its admin has declared."""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.federation.member import federation_in
from kubefleet.federation.role import READER, RIGHTS
from kubefleet.identity.join import join_manifests
from kubefleet.identity.needs import HOME
from kubefleet.kube import MemberError
from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ref_of
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import federated, identity_settings
from kubefleet.resources._task import access_of

MANAGER: Final = "kubefleet-join"


def join(news: Props) -> int:
    """Apply what the member must have, in order. How many objects that are. Raises MemberError."""
    member, manifests = _joining(news)
    for manifest in manifests:
        apply_body(member.declared, manifest, manager=MANAGER, force=True)
    return len(manifests)


def leave(props: Props) -> None:
    """Remove it, last first; namespaces stay, without the ceiling's label. Raises MemberError."""
    member, manifests = _joining(props)
    for manifest in reversed(manifests):
        if manifest["kind"] != "Namespace":
            delete_if_there(member.declared, ref_of(manifest))
        elif find(member.declared, ref_of(manifest)) is not None:
            bare = {**manifest, "metadata": {"name": manifest["metadata"]["name"]}}
            apply_body(member.declared, bare, manager=MANAGER, force=True)


def _joining(news: Props) -> tuple[Any, tuple[Mapping[str, Any], ...]]:
    name, settings = news["member"], identity_settings(news)
    if settings is None:
        raise MemberError(name, "the fleet has no identity to join it to")
    member = federated(name, access_of(name, news), settings)
    accounts = tuple(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": role.account, "namespace": HOME}}
        for role in (READER, RIGHTS)
    )
    policies = join_manifests(federation_in(member.mode), settings.ceiling)
    namespaces = tuple(item for item in policies if item["kind"] == "Namespace")
    rest = tuple(item for item in policies if item["kind"] != "Namespace")
    return member, (*namespaces, *accounts, *rest)
