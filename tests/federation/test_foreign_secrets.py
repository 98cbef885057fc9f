"""Which Secrets are somebody else's, as the fleets' records have it."""

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.federation.foreign_secrets import foreign_secrets
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import BadAnswer
from kubefleet.kube.inventory_object import KIND_LABEL, InventoryObject, format_inventory_object
from kubefleet.kube.object_ref import ObjectRef

pytestmark = pytest.mark.fast

MINE, SHARING, THEIRS = "a" * 16, "b" * 16, "c" * 16
PATH = "/api/v1/namespaces/pulumi-kubefleet/configmaps"


def secret(name: str, namespace: str = "shop") -> ObjectRef:
    return ObjectRef("v1", "Secret", namespace, name)


def record(uid: str, *objects: ObjectRef) -> dict[str, object]:
    return format_inventory_object(InventoryObject(uid, "p", "f", "s", "c", "r", objects=objects))


def test_secrets_of_others_are_found_by_namespace_and_name(connection: Connection, api: HTTPServer) -> None:
    config = ObjectRef("v1", "ConfigMap", "shop", "d")
    items = [
        record(MINE, secret("a")),
        record(SHARING, secret("b")),
        record(THEIRS, secret("c"), secret("d", "blog"), config),
    ]
    api.expect_request(
        PATH, query_string={"labelSelector": f"{KIND_LABEL}=inventory", "limit": "500"}
    ).respond_with_json({"kind": "ConfigMapList", "metadata": {}, "items": items})
    wanted = [secret(name) for name in "abcde"] + [config]
    assert foreign_secrets(connection, wanted, {MINE, SHARING}) == {("shop", "c")}


def test_nobody_is_asked_where_no_secret_is_wanted(connection: Connection, api: HTTPServer) -> None:
    assert foreign_secrets(connection, [ObjectRef("v1", "ConfigMap", "shop", "a")], {MINE}) == frozenset()
    assert api.log == []


def test_a_record_that_cannot_be_read_is_no_empty_one(connection: Connection, api: HTTPServer) -> None:
    broken = {"metadata": {"name": THEIRS}, "data": {}}
    api.expect_request(PATH).respond_with_json({"kind": "ConfigMapList", "metadata": {}, "items": [broken]})
    with pytest.raises(BadAnswer, match="no key"):
        foreign_secrets(connection, [secret("a")], {MINE})
