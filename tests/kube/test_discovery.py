import json
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from kubefleet.kube.connection import Connection
from kubefleet.kube.discovery import read_catalogue
from kubefleet.kube.errors import ApiError, BadAnswer

pytestmark = pytest.mark.fast


def resource(plural: str, kind: str, scope: str = "Namespaced", *, verbs: str = "get list") -> Any:
    return {
        "resource": plural,
        "responseKind": {"group": "", "version": "", "kind": kind},
        "scope": scope,
        "verbs": verbs.split(),
        "subresources": [{"subresource": "status"}, {"subresource": "scale"}],
    }


def document(**groups: dict[str, list[Any]]) -> dict[str, Any]:
    items = [
        {
            "metadata": {"name": name} if name != "core" else {},
            "versions": [{"version": version, "resources": listed} for version, listed in versions.items()],
        }
        for name, versions in groups.items()
    ]
    return {"kind": "APIGroupDiscoveryList", "items": items}


CORE = document(core={"v1": [resource("pods", "Pod"), resource("namespaces", "Namespace", "Cluster")]})
GROUPS = document(
    apps={"v1": [resource("deployments", "Deployment")]},
    autoscaling={
        "v2": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler")],
        "v1": [resource("horizontalpodautoscalers", "HorizontalPodAutoscaler")],
    },
    reviews={"v1": [resource("checks", "Check", verbs="create")]},
)


def test_kinds_are_found_by_api_version_and_kind() -> None:
    catalogue = read_catalogue("eu-1", CORE, GROUPS)
    assert "apps/v1/Deployment" in catalogue.apis
    assert "v1/Pod" in catalogue.apis
    assert catalogue.find("apps/v2", "Deployment") is None
    found = catalogue.find("apps/v1", "Deployment")
    assert found is not None


@pytest.mark.parametrize(
    ("api_version", "kind", "namespace", "name", "path"),
    [
        ("v1", "Pod", "a", "x", "/api/v1/namespaces/a/pods/x"),
        ("v1", "Pod", "a", "", "/api/v1/namespaces/a/pods"),
        ("v1", "Pod", "", "", "/api/v1/pods"),
        ("v1", "Namespace", "", "a", "/api/v1/namespaces/a"),
        ("v1", "Namespace", "ignored", "a", "/api/v1/namespaces/a"),
        ("apps/v1", "Deployment", "a", "x", "/apis/apps/v1/namespaces/a/deployments/x"),
    ],
)
def test_paths(api_version: str, kind: str, namespace: str, name: str, path: str) -> None:
    found = read_catalogue("eu-1", CORE, GROUPS).find(api_version, kind)
    assert found is not None
    assert found.path(namespace, name) == path


def test_a_namespaced_object_needs_its_namespace() -> None:
    found = read_catalogue("eu-1", CORE).find("v1", "Pod")
    assert found is not None
    with pytest.raises(ValueError, match="Pod `x` has no namespace"):
        found.path("", "x")


def test_what_a_namespace_may_hold_is_listed_once() -> None:
    listed = read_catalogue("eu-1", CORE, GROUPS).namespaced()
    assert [(item.api_version, item.plural) for item in listed] == [
        ("apps/v1", "deployments"),
        ("autoscaling/v1", "horizontalpodautoscalers"),
        ("v1", "pods"),
    ]


def test_a_malformed_group_costs_itself() -> None:
    broken = {"kind": "APIGroupDiscoveryList", "items": [{"metadata": 1}, *GROUPS["items"]]}
    assert "apps/v1/Deployment" in read_catalogue("eu-1", broken).apis


@pytest.mark.parametrize("body", [{}, {"kind": "APIVersions"}, {"kind": "APIGroupDiscoveryList", "items": 1}])
def test_a_server_without_aggregated_discovery_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer, match=r"expected Kubernetes 1\.27 or newer"):
        read_catalogue("eu-1", body)


def test_discovery_is_read_once_and_again_for_a_kind_that_is_not_there(api: HTTPServer, connection: Connection) -> None:
    groups = [document(), GROUPS, GROUPS, GROUPS]
    api.expect_request("/api").respond_with_json(CORE)
    api.expect_request("/apis").respond_with_handler(lambda _: Response(json.dumps(groups.pop(0))))
    assert connection.path_of("v1", "Pod", "a", "x") == "/api/v1/namespaces/a/pods/x"
    assert connection.by(1e12).path_of("v1", "Pod", "a", "y") == "/api/v1/namespaces/a/pods/y"
    assert len(api.log) == 2
    assert connection.path_of("apps/v1", "Deployment", "a", "x").endswith("/deployments/x")
    assert len(api.log) == 4
    with pytest.raises(ApiError) as caught:
        connection.path_of("example.test/v1", "Nothing")
    assert (caught.value.status, caught.value.reason) == (404, "KindNotServed")
