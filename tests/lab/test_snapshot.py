"""A snapshot of real members, one of which does not answer."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from immutabledict import immutabledict

from kubefleet.kube import take_snapshot
from kubefleet.lab.lab import Lab
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.member import Member
from kubefleet.model.snapshot import Snapshot

pytestmark = pytest.mark.lab

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE = 2


@pytest.fixture(scope="module")
def members(quickstart_lab: Lab) -> list[Member]:
    return [
        Member(cluster.name, quickstart_lab.access(cluster.name), immutabledict(cluster.labels))
        for cluster in quickstart_lab.spec.clusters
    ]


@pytest.fixture
def hung(quickstart_lab: Lab) -> Iterator[str]:
    quickstart_lab.hang("us-1")
    yield "us-1"
    quickstart_lab.resume("us-1")


def snapshot(members: list[Member], deadline: float = 15) -> Snapshot:
    taken, connections = take_snapshot(members, taken_at=NOW, deadline=deadline)
    for connection in connections.values():
        connection.close()
    return taken


def cluster(taken: Snapshot, name: str) -> Cluster:
    found = taken.cluster(name)
    assert found is not None
    return found


def test_a_snapshot_shows_every_member_with_its_shapes_and_properties(members: list[Member]) -> None:
    taken = snapshot(members)
    assert [row.name for row in taken.clusters] == ["eu-1", "eu-2", "us-1"]
    assert {row.state for row in taken.clusters} == {ClusterState.READY}
    assert len({row.uid for row in taken.clusters}) == 3
    row = cluster(taken, "eu-1")
    assert row.labels == {"region": "eu", "tier": "prod"}
    assert [(shape.count, shape.instance_type, shape.allocatable["cpu"]) for shape in row.shapes] == [
        (2, "Standard_D8s_v5", 8000),
        (2, "Standard_D8s_v5", 8000),
    ]
    zones = [shape.labels["topology.kubernetes.io/zone"] for shape in row.shapes]
    assert sorted(zones) == ["eu-1a", "eu-1b"]
    assert str(row.properties["node-count"].value) == "4"
    assert row.kubernetes_version.startswith("v1.")
    assert row.apis is not None
    assert "apps/v1/Deployment" in row.apis


def test_two_snapshots_of_a_quiet_fleet_are_equal(members: list[Member]) -> None:
    assert snapshot(members) == snapshot(members)


def test_a_hung_member_costs_its_own_row_and_the_deadline(members: list[Member], hung: str) -> None:
    begun = time.monotonic()
    taken = snapshot(members, DEADLINE)
    assert time.monotonic() - begun < DEADLINE + 20
    row = cluster(taken, hung)
    assert row.state is ClusterState.UNREACHABLE
    assert row.why
    assert row.labels == {"region": "us", "tier": "prod"}
    for name in ("eu-1", "eu-2"):
        assert cluster(taken, name).state is ClusterState.READY
        assert cluster(taken, name).shapes
