"""ClusterProperty objects in a real member and ClusterProfiles on a real hub, by minimal CRDs of ours."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from immutabledict import immutabledict
from lab_objects import until

from kubefleet.kube import take_snapshot
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab
from kubefleet.model.knowledge import Knowledge
from kubefleet.model.member import Member
from kubefleet.model.property import make_property
from kubefleet.spec.sku_table import shipped_skus

pytestmark = pytest.mark.lab

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
FIELD = "x-kubernetes-preserve-unknown-fields"


def crd(group: str, kind: str, plural: str, version: str, scope: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {part: {"type": "object", FIELD: True} for part in ("spec", "status")}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a minimal one for tests"},
        },
        "spec": {
            "group": group,
            "scope": scope,
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


PROPERTY = crd("about.k8s.io", "ClusterProperty", "clusterproperties", "v1alpha1", "Cluster")
PROFILE = crd("multicluster.x-k8s.io", "ClusterProfile", "clusterprofiles", "v1alpha1", "Namespaced")


@pytest.fixture
def served(quickstart_lab: Lab) -> Iterator[None]:
    """eu-1 has ClusterProperty objects, us-1 is the hub; both as before afterwards."""
    eu, us = (connect(name, quickstart_lab.access(name)) for name in ("eu-1", "us-1"))
    try:
        put(eu, PROPERTY, "/apis/about.k8s.io/v1alpha1/clusterproperties", cluster_property("energy", "60"))
        path = "/apis/about.k8s.io/v1alpha1/clusterproperties"
        eu.post(path, cluster_property("node-count", "many"))
        profiles = "/apis/multicluster.x-k8s.io/v1alpha1/namespaces/default/clusterprofiles"
        put(us, PROFILE, profiles, cluster_profile("eu-1", energy="70", tier="gold", cost="1"))
        us.post(profiles, cluster_profile("absent", energy="90"))
        yield
    finally:
        for connection, made in ((eu, PROPERTY), (us, PROFILE)):
            connection.delete(f"{CRDS}/{made['metadata']['name']}")
            until(lambda c=connection, m=made: m["metadata"]["name"] not in names(c))
            connection.close()


def put(connection: Connection, made: dict[str, Any], path: str, first: dict[str, Any]) -> None:
    connection.post(CRDS, made)
    until(lambda: connection.apis(fresh=True).find(first["apiVersion"], first["kind"]))
    connection.post(path, first)


def names(connection: Connection) -> set[str]:
    return {item["metadata"]["name"] for item in connection.list(CRDS)}


def cluster_property(name: str, value: str) -> dict[str, Any]:
    return {
        "apiVersion": "about.k8s.io/v1alpha1",
        "kind": "ClusterProperty",
        "metadata": {"name": name},
        "spec": {"value": value},
    }


def cluster_profile(name: str, **properties: str) -> dict[str, Any]:
    return {
        "apiVersion": "multicluster.x-k8s.io/v1alpha1",
        "kind": "ClusterProfile",
        "metadata": {"name": name},
        "spec": {"displayName": name},
        "status": {"properties": [{"name": key, "value": value} for key, value in properties.items()]},
    }


def test_what_stands_in_a_member_and_on_the_hub_are_properties_and_the_users_word_wins(
    quickstart_lab: Lab, served: None
) -> None:
    given = immutabledict({"cost": make_property("2", "user")})
    members = [
        Member("eu-1", quickstart_lab.access("eu-1"), properties=given),
        Member("eu-2", quickstart_lab.access("eu-2")),
    ]
    knowledge = Knowledge(shipped_skus(), hub=quickstart_lab.access("us-1"))
    snapshot, connections = take_snapshot(members, taken_at=datetime(2026, 1, 1, tzinfo=UTC), knowledge=knowledge)
    for connection in connections.values():
        connection.close()
    first, second = snapshot.clusters
    found = {name: (first.properties[name].text, first.properties[name].source) for name in ("energy", "tier", "cost")}
    assert found == {"energy": ("70", "ClusterProfile"), "tier": ("gold", "ClusterProfile"), "cost": ("2", "user")}
    assert str(first.properties["node-count"].value) == "Flaw(why='`many` is no quantity')"
    assert "energy" not in second.properties
    assert second.properties["node-count"].text == "3"
