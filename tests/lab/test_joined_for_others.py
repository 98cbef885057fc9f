"""A member that a fleet has joined is for everybody else what it was."""

from collections.abc import Iterator

import pytest
from joined_member import OUTSIDE, SHOP, JoinedMember
from lab_objects import deployment, until

from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef, ref_of

pytestmark = pytest.mark.lab

FRESH = "fence-fresh"


@pytest.fixture
def fresh(joined_member: JoinedMember) -> Iterator[str]:
    """A namespace that was made after the join."""
    ref = ObjectRef("v1", "Namespace", "", FRESH)
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": FRESH}}
    apply_body(joined_member.admin, manifest, manager="test", force=True)
    yield FRESH
    delete_if_there(joined_member.admin, ref)
    until(lambda: find(joined_member.admin, ref) is None, 60)


def test_controllers_give_a_new_namespace_its_account(joined_member: JoinedMember, fresh: str) -> None:
    ref = ObjectRef("v1", "ServiceAccount", fresh, "default")
    assert until(lambda: find(joined_member.admin, ref)) is not None


@pytest.mark.parametrize("namespace", [OUTSIDE, SHOP, FRESH, "kube-system"])
def test_an_admin_makes_workloads_where_the_fleet_has_none(member: JoinedMember, fresh: str, namespace: str) -> None:
    assert fresh
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "own", "namespace": namespace}}
    web = deployment("own")
    web["metadata"]["namespace"] = namespace
    web["spec"]["template"]["spec"]["serviceAccountName"] = "own"
    member.apply_as_admin(account, web)
    ref = ref_of(web)
    assert until(lambda: (member.admin.get(member.admin.path_of(*_path(ref))).get("status") or {}).get("replicas")) == 2


def _path(ref: ObjectRef) -> tuple[str, str, str, str]:
    return ref.api_version, ref.kind, ref.namespace, ref.name
