"""The rights of a placement on a real member: widened by T1 under the fence, used, narrowed, withdrawn."""

from collections.abc import Iterator
from typing import Any

import pytest
from joined_member import none_is_going, undo

from kubefleet.federation import READER, RIGHTS, make_mode, placement_role
from kubefleet.federation.allowed import lacking
from kubefleet.federation.checking import await_fence
from kubefleet.federation.grants import Grants, NotGranted
from kubefleet.federation.modes import Ground
from kubefleet.identity import needed_actions
from kubefleet.identity.action import Action
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.join import join_manifests
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import apply_body, delete_if_there
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

HOME, SHOP = "pulumi-kubefleet", "fleet-grants"
UID = "00000000000000cc"
WEB = placement_role(UID, "web")


def config(name: str, namespace: str = SHOP) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}


@pytest.fixture(scope="module")
def grants(connection: Connection) -> Iterator[Grants]:
    """The member after its join, with the accounts of T1, the reader and one placement."""
    mode = make_mode("service-account-token", Ground(lambda _: connection, lambda _: ""))
    federation = Federation(f"system:serviceaccount:{HOME}:fleet-", mode.user(RIGHTS), mode.user(READER))
    accounts = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": role.account, "namespace": HOME}}
        for role in (READER, RIGHTS, WEB)
    ]
    manifests = [*join_manifests(federation, Ceiling((SHOP,))), *accounts]
    none_is_going(connection, manifests)
    for manifest in manifests:
        apply_body(connection, manifest, manager="join", force=True)
    as_rights, as_web = (connection.acting_with(mode.source("eu-1", role)) for role in (RIGHTS, WEB))
    await_fence(as_rights, Patience(10))
    yield Grants(as_rights, as_web, mode.user(WEB), federation)
    undo(connection, manifests)


def needed(connection: Connection, *objects: dict[str, Any]) -> frozenset[Action]:
    return needed_actions(objects, (), connection.apis().resources.values(), uid=UID)


def test_rights_are_widened_used_narrowed_and_withdrawn(
    grants: Grants, connection: Connection, quickstart_lab: Lab
) -> None:
    old, new = needed(connection, config("a")), needed(connection, config("b"))
    assert set(lacking(grants.placement, old)) == set(old)
    assert grants.widen(old, Patience(10))
    apply_body(grants.placement, config("a"), manager="web", force=True)
    with pytest.raises(ApiError, match="403"):
        apply_body(grants.placement, config("b"), manager="web", force=True)

    since = quickstart_lab.audited("eu-1")
    assert not grants.widen(old, Patience(10))
    by_rights = [event for event in quickstart_lab.audit("eu-1", since) if "fleet-rbac" in event["user"]["username"]]
    assert by_rights == []

    assert grants.widen(new | old, Patience(10))
    apply_body(grants.placement, config("b"), manager="web", force=True)
    delete_if_there(grants.placement, ref_of(config("a")))
    grants.narrow(new, old)
    assert {action.name for action in lacking(grants.placement, old)} == {"a"}
    assert lacking(grants.placement, new) == ()

    delete_if_there(grants.placement, ref_of(config("b")))
    grants.withdraw(new)
    assert set(lacking(grants.placement, new)) == set(new)
    writers = {write.user for write in quickstart_lab.writes("eu-1", since)}
    assert writers == {grants.user, grants.federation.rbac_user}


def test_the_fence_refuses_what_is_outside_the_ceiling(grants: Grants, connection: Connection) -> None:
    outside = needed(connection, config("a", "default"))
    with pytest.raises(NotGranted, match="outside the ceiling"):
        grants.widen(outside, Patience(10))
    assert set(lacking(grants.placement, {action for action in outside if action.namespace == "default"}))
    grants.withdraw(outside - {action for action in outside if action.namespace == "default"})
