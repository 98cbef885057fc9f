"""Two placements in one namespace of one member, each with its own token: neither reaches what is the other's."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from lab_objects import until

from kubefleet.federation import joining, make_mode, placement_role
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground
from kubefleet.identity import needed_actions
from kubefleet.identity.ceiling import Ceiling
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.object_access import MERGE, apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.patience import Patience

pytestmark = pytest.mark.lab

SHOP, HOME = "fleet-exact", "pulumi-kubefleet"
UIDS = {"a": "00000000000000a1", "b": "00000000000000b2"}
CORE, APPS, RBAC = "/api/v1", "/apis/apps/v1", "/apis/rbac.authorization.k8s.io/v1"


def objects(owner: str) -> list[dict[str, Any]]:
    labels = {"app": owner}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "main:1"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"{owner}-settings"}, "data": {"of": owner}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"{owner}-door"}, "stringData": {"of": owner}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": f"{owner}-web"}, "spec": spec},
    ]


def placed(owner: str) -> list[dict[str, Any]]:
    return [{**item, "metadata": {**item["metadata"], "namespace": SHOP}} for item in objects(owner)]


@pytest.fixture(scope="module")
def acting(connection: Connection) -> Iterator[Callable[[str], Connection]]:
    """The member under the identity of placement `a` or `b`, each with what it needs and its objects applied."""
    mode = make_mode("service-account-token", Ground(lambda _: connection, lambda _: ""))
    member = FederatedMember("eu-1", connection, mode)
    manifests = joining.joining(mode, Ceiling((SHOP,)))
    tuple(joining.join(connection, manifests))
    roles = {owner: placement_role(uid, owner) for owner, uid in UIDS.items()}
    for owner, role in roles.items():
        mode.provide("eu-1", role)
        needed = needed_actions(placed(owner), (), connection.apis().resources.values(), uid=UIDS[owner])
        member.grants_of(role).widen(needed, Patience(20))
        for manifest in placed(owner):
            apply_body(member.acting_as(role), manifest, manager=owner, force=True)
    yield lambda owner: member.acting_as(roles[owner])
    tuple(joining.leave(connection, manifests))
    for ref in (ObjectRef("v1", "Namespace", "", name) for name in (SHOP, HOME)):
        delete_if_there(connection, ref)
        until(lambda ref=ref: find(connection, ref) is None, 60)
    for plural in ("clusterroles", "clusterrolebindings"):
        for item in list(connection.list(f"{RBAC}/{plural}")):
            if item["metadata"]["name"].startswith("fleet:"):
                connection.delete(f"{RBAC}/{plural}/{item['metadata']['name']}")


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(ApiError) as error:
        call()
    assert (error.value.status, error.value.reason) == (403, "Forbidden"), str(error.value)


OF_B = (
    f"{CORE}/namespaces/{SHOP}/configmaps/b-settings",
    f"{CORE}/namespaces/{SHOP}/secrets/b-door",
    f"{APPS}/namespaces/{SHOP}/deployments/b-web",
)
RECORDS_OF_B = (
    f"{CORE}/namespaces/{HOME}/configmaps/{UIDS['b']}",
    f"{CORE}/namespaces/{HOME}/secrets/{UIDS['b']}.before",
)


@pytest.mark.parametrize("path", [*OF_B, *RECORDS_OF_B])
def test_the_others_object_cannot_be_read_changed_or_deleted(
    acting: Callable[[str], Connection], connection: Connection, path: str
) -> None:
    a = acting("a")
    if path in RECORDS_OF_B:
        collection, _, name = path.rpartition("/")
        connection.post(collection, {"metadata": {"name": name}})
    before = connection.get(path)
    refused(lambda: a.get(path))
    refused(lambda: a.patch(path, {"metadata": {"labels": {"by": "a"}}}, MERGE))
    kind = {"configmaps": "ConfigMap", "secrets": "Secret", "deployments": "Deployment"}[path.split("/")[-2]]
    version = "apps/v1" if kind == "Deployment" else "v1"
    mine = {"apiVersion": version, "kind": kind, "metadata": {"labels": {"by": "a"}}}
    refused(lambda: a.patch(path, mine, fieldManager="a", force=True))
    refused(lambda: a.delete(path))
    after = connection.get(path)
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert "by" not in (after["metadata"].get("labels") or {})


@pytest.mark.parametrize(
    "collection",
    [
        f"{CORE}/namespaces/{SHOP}/configmaps",
        f"{CORE}/namespaces/{SHOP}/secrets",
        f"{APPS}/namespaces/{SHOP}/deployments",
        f"{CORE}/namespaces/{HOME}/configmaps",
        f"{CORE}/namespaces/{HOME}/secrets",
    ],
)
def test_whole_collections_are_nobodys(
    acting: Callable[[str], Connection], connection: Connection, collection: str
) -> None:
    a = acting("a")
    refused(lambda: list(a.list(collection)))
    refused(lambda: a.delete(collection))
    one = f"metadata.name={'b-web' if 'deployments' in collection else 'b-settings'}"
    refused(lambda: list(a.list(collection, fieldSelector=one)))
    assert next(connection.list(collection), None) is not None or HOME in collection


@pytest.mark.parametrize("manifest", [*placed("a"), {"apiVersion": "v1", "kind": "ServiceAccount"}])
@pytest.mark.parametrize("post", [False, True])
def test_an_extra_object_cannot_be_made(
    acting: Callable[[str], Connection], connection: Connection, manifest: dict[str, Any], post: bool
) -> None:
    a = acting("a")
    extra = {**manifest, "metadata": {"name": "a-extra", "namespace": SHOP}}
    ref = ref_of(extra)
    path = connection.path_of(ref.api_version, ref.kind, ref.namespace)
    if post:
        refused(lambda: a.post(path, extra))
    else:
        refused(lambda: apply_body(a, extra, manager="a", force=True))
    assert find(connection, ref) is None


@pytest.mark.parametrize("where", ["pods/b-web-0/exec", "serviceaccounts/default/token"])
def test_what_stands_beside_objects_is_out_of_reach(acting: Callable[[str], Connection], where: str) -> None:
    refused(lambda: acting("a").post(f"{CORE}/namespaces/{SHOP}/{where}", {}))


def test_each_may_do_to_its_own_what_it_may_not_to_the_others(
    acting: Callable[[str], Connection], connection: Connection
) -> None:
    for owner, other in (("a", "b"), ("b", "a")):
        mine = acting(owner)
        for manifest in placed(owner):
            assert find(mine, ref_of(manifest)) is not None
        for manifest in placed(other):
            refused(partial(find, mine, ref_of(manifest)))
    delete_if_there(acting("a"), ref_of(placed("a")[0]))
    assert find(connection, ref_of(placed("a")[0])) is None
    assert find(connection, ref_of(placed("b")[0])) is not None
