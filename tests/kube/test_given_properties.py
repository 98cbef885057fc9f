"""Properties that stand in a member's ClusterProperty objects, and in ClusterProfiles on the hub."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from https_server import Issued
from kubefleet.kube.connection import Connection
from kubefleet.kube.given_properties import read_cluster_properties, read_profiles
from kubefleet.kube.hub import ask_hub
from kubefleet.model.access import Kubeconfig
from kubefleet.model.property import Flaw, Property

pytestmark = pytest.mark.fast

PROPERTIES, PROFILES = "/apis/about.k8s.io/v1/clusterproperties", "/apis/multicluster.x-k8s.io/v1alpha1/clusterprofiles"


def group(name: str, kind: str, plural: str, *versions: str, scope: str = "Cluster") -> dict[str, Any]:
    resource = {"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["list"]}
    return {"metadata": {"name": name}, "versions": [{"version": item, "resources": [resource]} for item in versions]}


ABOUT = group("about.k8s.io", "ClusterProperty", "clusterproperties", "v1", "v1beta1", "v1alpha1")
HUB = group("multicluster.x-k8s.io", "ClusterProfile", "clusterprofiles", "v1alpha1", scope="Namespaced")


def profile(name: str, namespace: str, **properties: Any) -> dict[str, Any]:
    rows = [{"name": key.replace("_", "-"), "value": value} for key, value in properties.items()]
    return {"metadata": {"name": name, "namespace": namespace}, "status": {"properties": rows}}


@pytest.fixture
def serve(api: HTTPServer) -> Callable[..., None]:
    def answers(groups: list[dict[str, Any]], paths: dict[str, Any]) -> None:
        found = {
            "/api": {"kind": "APIGroupDiscoveryList", "items": []},
            "/apis": {"kind": "APIGroupDiscoveryList", "items": groups},
            **paths,
        }
        for path, answer in found.items():
            api.expect_request(path).respond_with_response(
                answer if isinstance(answer, Response) else Response(json.dumps(answer))
            )

    return answers


def values(found: Any) -> dict[str, Any]:
    return {name: item.value.why if isinstance(item.value, Flaw) else item.text for name, item in found.items()}


def test_cluster_properties_are_read_in_the_newest_version(serve: Callable[..., None], connection: Connection) -> None:
    items = [
        {"metadata": {"name": "cluster.clusterset.k8s.io"}, "spec": {"value": "eu-1"}},
        {"metadata": {"name": "energy"}, "spec": {"value": "60"}},
        {"metadata": {"name": "carbon/g-per-kwh"}, "spec": {"value": "NaN"}},
        {"metadata": {"name": "node-count"}, "spec": {"value": "8 nodes"}},
        {"metadata": {"name": "empty"}, "spec": None},
    ]
    serve([ABOUT], {PROPERTIES: {"items": items}})
    found = read_cluster_properties(connection)
    assert values(found) == {
        "carbon/g-per-kwh": "`NaN` is no number",
        "cluster.clusterset.k8s.io": "eu-1",
        "empty": "",
        "energy": "60",
        "node-count": "`8 nodes` is no quantity",
    }
    assert found["energy"] == Property(60, "60", "ClusterProperty")  # type: ignore[arg-type]


def test_a_member_without_the_api_has_none(serve: Callable[..., None], connection: Connection) -> None:
    serve([], {})
    assert read_cluster_properties(connection) == {}
    assert read_profiles(connection) == {}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Response('{"reason": "Forbidden", "message": "no"}', 403), "not read: eu-1: GET"),
        (Response("<html>"), "is not JSON"),
    ],
)
def test_what_may_not_be_read_costs_these_properties_and_says_so(
    serve: Callable[..., None], connection: Connection, answer: Response, why: str
) -> None:
    serve([ABOUT], {PROPERTIES: answer})
    (flaw,) = values(read_cluster_properties(connection)).items()
    assert flaw[0] == "clusterproperties.about.k8s.io"
    assert why in flaw[1]


def test_profiles_are_read_by_name(serve: Callable[..., None], connection: Connection) -> None:
    items = [
        profile("eu-1", "fleet", energy="60", node_count="7"),
        profile("us-1", "fleet", energy="80"),
        profile("us-1", "other", energy="90"),
        {"metadata": {"name": "young", "namespace": "fleet"}},
        {"metadata": {"name": "odd", "namespace": "fleet"}, "status": {"properties": ["x", {"value": "1"}]}},
    ]
    serve([HUB], {PROFILES: {"items": items}})
    assert {name: values(found) for name, found in read_profiles(connection).items()} == {
        "eu-1": {"energy": "60", "node-count": "7"},
        "odd": {},
        "us-1": {
            "clusterprofiles.multicluster.x-k8s.io": "namespaces fleet, other have a ClusterProfile `us-1` each",
        },
        "young": {},
    }


def test_a_hub_that_gives_no_answer_costs_what_it_would_have_told(tmp_path: Path, issued: Issued) -> None:
    (tmp_path / "ca.pem").write_text(issued.certificate)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        content = {
            "clusters": [
                {"name": "c", "cluster": {"server": f"https://127.0.0.1:{silent.getsockname()[1]}",
                                          "certificate-authority": "ca.pem"}}
            ],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "hub", "context": {"cluster": "c", "user": "u"}}],
        }  # fmt: skip
        (tmp_path / "kubeconfig").write_text(json.dumps(content))
        told = ask_hub(Kubeconfig("hub", str(tmp_path / "kubeconfig")), 0.5)
        ((name, why),) = values(told("eu-1")).items()
    assert name == "clusterprofiles.multicluster.x-k8s.io"
    assert why.startswith("not read: ")
