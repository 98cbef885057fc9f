import json
from dataclasses import replace

import pytest
from immutabledict import immutabledict

from kubefleet.kube.inventory_object import (
    InventoryBooking,
    InventoryObject,
    format_inventory_object,
    parse_inventory_object,
)
from kubefleet.kube.object_ref import ObjectRef, ref_of, union, without
from kubefleet.model.affinity import Affinity, PlacementSelector

pytestmark = pytest.mark.fast

WEB = ObjectRef("apps/v1", "Deployment", "shop", "web", "u-1")
CONFIG = ObjectRef("v1", "ConfigMap", "shop", "web")
INVENTORY = InventoryObject(
    uid="0123456789abcdef",
    placement="web",
    fleet="prod",
    stack="shop-prod",
    cluster="c-uid",
    revision="r2",
    operator="ada",
    previous="r1",
    completed=True,
    finished=("shop/migrate",),
    objects=(CONFIG, WEB),
    bookings=(
        InventoryBooking(
            "Deployment/shop/web",
            7,
            immutabledict({"cpu": 500}),
            immutabledict({"app": "web"}),
            "shop",
            immutabledict({"tier": "front"}),
            (Affinity(PlacementSelector(("shop/db",), (("tier", "db"),)), "region", 50),),
        ),
    ),
)


def test_what_is_written_is_read_again():
    assert parse_inventory_object(format_inventory_object(INVENTORY)) == replace(INVENTORY, objects=(WEB, CONFIG))


def test_the_resource_version_of_the_stored_object_is_kept_as_a_precondition():
    stored = format_inventory_object(INVENTORY)
    stored["metadata"]["resourceVersion"] = "42"
    again = format_inventory_object(parse_inventory_object(stored))
    assert again["metadata"]["resourceVersion"] == "42"


def test_the_same_value_gives_the_same_bytes_whatever_the_order_of_its_objects():
    other = replace(INVENTORY, objects=(WEB, CONFIG))
    assert format_inventory_object(INVENTORY) == format_inventory_object(other)


def configmap(content: object) -> dict:
    text = content if isinstance(content, str) else json.dumps(content)
    return {"metadata": {"name": "0123456789abcdef"}, "data": {"inventory.json": text}}


GOOD = json.loads(format_inventory_object(INVENTORY)["data"]["inventory.json"])


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        ({"metadata": {"name": "x"}}, "inventory object `x`: data"),
        ({"metadata": {"name": "x"}, "data": {}}, "no key `inventory.json`"),
        (configmap("{"), "Expecting property name"),
        (configmap([]), "inventory.json: list"),
        (configmap(GOOD | {"schema": 2}), r"schema 2 \(expected at most 1\)\. Use a newer version"),
        (configmap(GOOD | {"schema": "1"}), "schema: '1'"),
        (configmap(GOOD | {"uid": "other"}), "uid `other`"),
        (configmap(GOOD | {"revision": None}), "revision: NoneType"),
        (configmap(GOOD | {"objects": {}}), "objects: dict"),
        (configmap(GOOD | {"objects": [{"kind": "Pod"}]}), "apiVersion: NoneType"),
        (configmap(GOOD | {"bookings": [{"workload": "w", "replicas": -1}]}), "replicas: -1"),
        (configmap(GOOD | {"bookings": [{"workload": "w", "replicas": 1, "selector": {"a": 1}}]}), "a: int"),
    ],
)
def test_a_malformed_inventory_object_is_refused_in_one_plain_line(broken, says):
    with pytest.raises(ValueError, match=says) as raised:
        parse_inventory_object(broken)
    assert "\n" not in str(raised.value)


def test_one_object_in_two_versions_of_its_group_is_one_object():
    old = ObjectRef("apps/v1beta1", "Deployment", "shop", "web")
    assert union((WEB,), (old,)) == (old.with_uid("u-1"),)
    assert without((WEB, CONFIG), (old,)) == (CONFIG,)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        ({"kind": "Pod", "metadata": {"name": "a"}}, "apiVersion"),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "kind"),
        ({"apiVersion": "v1", "kind": "Pod"}, "metadata.name"),
    ],
)
def test_a_manifest_without_an_address_is_refused_by_the_missing_field(manifest, says):
    with pytest.raises(ValueError, match=says):
        ref_of(manifest)
