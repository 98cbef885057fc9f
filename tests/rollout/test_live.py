"""Which copies count as available, by the built-in rules and by checks of the user's own."""

from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.health.checks import Check, JsonPath
from kubefleet.kube.connection import Connection
from kubefleet.kube.inventory_object import InventoryObject, format_inventory_object
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.strategy import RollingUpdate
from kubefleet.model.subject import Subject
from kubefleet.rollout.live import read_copy
from kubefleet.rollout.task import Task

pytestmark = pytest.mark.fast

SETTINGS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "a", "name": "settings"}}
UP = {"phase": "Up", "observedGeneration": 2}


def thing(**status: Any) -> dict[str, Any]:
    metadata = {"namespace": "a", "name": "thing", "generation": 2}
    return {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": metadata, "status": status}


def serve(api: HTTPServer, *objects: dict[str, Any]) -> None:
    for path, group, kind, plural in (
        ("/api", "", "ConfigMap", "configmaps"),
        ("/apis", "example.com", "Thing", "things"),
    ):
        resource = {"resource": plural, "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": ["get"]}
        item = {"metadata": {"name": group}, "versions": [{"version": "v1", "resources": [resource]}]}
        api.expect_request(path).respond_with_json({"kind": "APIGroupDiscoveryList", "items": [item]})
    refs = tuple(ref_of(item) for item in (SETTINGS, thing()))
    inventory = InventoryObject("u", "web", "shop", "dev", "c", "one", completed=True, objects=refs)
    home = "/api/v1/namespaces/pulumi-kubefleet/configmaps/u"
    api.expect_request(home).respond_with_json(format_inventory_object(inventory))
    for item in objects:
        plural = "/apis/example.com/v1/namespaces/a/things/thing" if item["kind"] == "Thing" else ""
        api.expect_request(plural or "/api/v1/namespaces/a/configmaps/settings").respond_with_json(item)
    api.expect_request("/apis/example.com/v1/namespaces/a/things/thing").respond_with_json({"code": 404}, status=404)


@pytest.mark.parametrize(
    ("objects", "checked", "available"),
    [
        ([thing(**UP)], True, True),
        ([thing(phase="Down")], True, False),
        ([thing(phase="Down")], False, True),
        ([thing(**{**UP, "observedGeneration": 1})], True, False),
        ([thing()], True, False),
        ([], True, False),
    ],
)
def test_a_copy_is_available_when_what_has_a_check_is(
    api: HTTPServer, connection: Connection, objects: list[dict[str, Any]], checked: bool, available: bool
) -> None:
    serve(api, *objects)
    checks = (Check(Subject("Thing", "example.com"), JsonPath("$.status.phase", "Up")),) if checked else ()
    copy = read_copy(connection, "u", checks_of=lambda _, checks=checks: checks)
    assert copy is not None
    assert (copy.revision, copy.available) == ("one", available)
    assert copy.replicas == {}


def test_data_counts_once_it_has_a_check(api: HTTPServer, connection: Connection) -> None:
    serve(api, SETTINGS)
    for name, available in (("settings", True), ("other", False)):
        checks = (Check(Subject("ConfigMap", "", "a", "settings"), JsonPath("$.metadata.name", name)),)
        copy = read_copy(connection, "u", checks_of=lambda _, checks=checks: checks)
        assert copy is not None
        assert copy.available is available


@pytest.mark.parametrize(("revision", "used"), [("one", "now"), ("", "now"), ("older", "before")])
def test_a_copy_of_a_revision_that_was_completed_before_is_judged_by_the_checks_of_its_time(
    revision: str, used: str
) -> None:
    now, before = ((Check(Subject("Thing"), JsonPath("$.status.phase", phase)),) for phase in ("Running", "Up"))
    task = Task(
        PlacementIdentity("u", "web", "shop", "dev"),
        {},
        "one",
        {},
        (),
        RollingUpdate(),
        _nowhere,
        print,
        print,
        checks=now,
        checks_before=before,
    )
    assert task.checks_of(revision) == {"now": now, "before": before}[used]


def _nowhere(name: str) -> Connection:
    raise AssertionError(name)
