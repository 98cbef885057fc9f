import json
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from immutabledict import immutabledict
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from https_server import Issued
from kubefleet.kube.errors import Cancelled
from kubefleet.kube.inventory_object import NAMESPACE, InventoryBooking, InventoryObject, format_inventory_object
from kubefleet.kube.snapshot import take_snapshot
from kubefleet.model.access import Kubeconfig
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.member import Member
from kubefleet.model.property import make_property

pytestmark = pytest.mark.fast

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOOKING = InventoryBooking(
    "Deployment/default/web", 5, immutabledict({"cpu": 1000}), immutabledict({"app": "web"}), "default"
)
INVENTORY = InventoryObject("u1", "web", "prod", "shop", "uid-1", "r1", bookings=(BOOKING,))
AUTOSCALER = "/api/v1/namespaces/kube-system/configmaps/cluster-autoscaler-status"
AMOUNTS = {"cpu": "4", "memory": "8Gi", "pods": "10"}
HEALTHY: dict[str, Any] = {
    "/version": {"gitVersion": "v1.37.2"},
    "/readyz": "ok",
    "/api": {"kind": "APIGroupDiscoveryList", "items": []},
    "/apis": {"kind": "APIGroupDiscoveryList", "items": None},
    "/api/v1/namespaces": {
        "items": [
            {"metadata": {"name": "kube-system", "uid": "uid-1"}},
            {"metadata": {"name": "default", "uid": "2"}},
            {"metadata": {"name": "going", "uid": "3", "deletionTimestamp": "2026-01-01T00:00:00Z"}},
        ]
    },
    "/api/v1/nodes": {
        "items": [
            {
                "metadata": {"name": "n1"},
                "spec": {},
                "status": {
                    "allocatable": AMOUNTS,
                    "capacity": AMOUNTS,
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }
        ]
    },
    "/api/v1/pods": {
        "items": [
            {
                "metadata": {"name": "p", "namespace": "default", "labels": {"app": "web"}},
                "spec": {"nodeName": "n1", "containers": [{"name": "c", "resources": {"requests": {"cpu": "1"}}}]},
                "status": {"phase": "Running"},
            }
        ]
    },
    f"/api/v1/namespaces/{NAMESPACE}/configmaps": {"items": [format_inventory_object(INVENTORY)]},
    AUTOSCALER: Response('{"reason": "NotFound", "message": "none"}', 404),
}


@pytest.fixture
def member(api: HTTPServer, issued: Issued, tmp_path: Path) -> Callable[..., Member]:
    """Makes a member whose server answers as HEALTHY with changes."""

    def make(changes: dict[str, Any] | None = None, **said: Any) -> Member:
        answers = HEALTHY | (changes or {})

        def handle(request: Request) -> Response:
            answer = answers[request.path]
            if isinstance(answer, Response):
                return answer
            return Response(answer if isinstance(answer, str) else json.dumps(answer))

        for path in answers:
            api.expect_request(path).respond_with_handler(handle)
        (tmp_path / "ca.pem").write_text(issued.certificate)
        return Member("eu-1", write_access(tmp_path, f"https://127.0.0.1:{api.port}"), **said)

    return make


def write_access(folder: Path, server: str) -> Kubeconfig:
    content = {
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": "ca.pem"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "eu-1", "context": {"cluster": "c", "user": "u"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    return Kubeconfig("eu-1", str(path))


def look(member: Member, deadline: float = 5) -> Cluster:
    snapshot, connections = take_snapshot([member], taken_at=NOW, deadline=deadline)
    for connection in connections.values():
        connection.close()
    (cluster,) = snapshot.clusters
    reachable = cluster.state not in {ClusterState.UNREACHABLE, ClusterState.PLANNED}
    assert list(connections) == ([member.name] if reachable else [])
    return cluster


def test_a_member_that_answers_is_read_whole(member: Callable[..., Member]) -> None:
    cluster = look(member())
    assert (cluster.state, cluster.why, cluster.uid) == (ClusterState.READY, "", "uid-1")
    assert cluster.kubernetes_version == "v1.37.2"
    assert cluster.namespaces == {"kube-system", "default"}
    assert cluster.apis == frozenset()
    (shape,) = cluster.shapes
    assert dict(shape.free[0][0]) == {"cpu": 3000, "memory": 8 << 30, "pods": 9}
    (booking,) = cluster.bookings
    assert (booking.workload, booking.replicas, booking.live) == ("Deployment/default/web", 5, 1)


def test_what_the_user_says_of_a_member_wins(member: Callable[..., Member]) -> None:
    given = make_property("on-premises", "user")
    cluster = look(
        member(labels=immutabledict({"region": "eu"}), properties=immutabledict({"node-count": given, "energy": given}))
    )
    assert cluster.labels == {"region": "eu"}
    assert cluster.properties["node-count"] is given
    assert cluster.properties["energy"] is given
    assert cluster.properties["total-cpu"].text == "4"


@pytest.mark.parametrize(
    ("changes", "said", "state", "why"),
    [
        ({}, {"cordoned": True}, ClusterState.CORDONED, "cordoned in the program"),
        ({}, {"leaving": True, "cordoned": True}, ClusterState.LEAVING, "no longer declared"),
        (
            {"/readyz": Response("[+]ping ok\nreadyz check failed", 500)},
            {},
            ClusterState.NOT_READY,
            "API server not ready: readyz check failed",
        ),
        (
            {"/api/v1/nodes": {"items": [{"metadata": {"name": "n"}, "spec": {}, "status": {}}]}},
            {},
            ClusterState.NOT_READY,
            "none of its 1 nodes is ready",
        ),
        ({"/api/v1/nodes": {"items": []}}, {}, ClusterState.READY, ""),
        ({"/readyz": Response("{}", 403)}, {}, ClusterState.READY, ""),
    ],
)
def test_states(
    member: Callable[..., Member], changes: dict[str, Any], said: dict[str, Any], state: ClusterState, why: str
) -> None:
    cluster = look(member(changes, **said), deadline=4)
    assert (cluster.state, cluster.why) == (state, why)


@pytest.mark.parametrize(
    ("path", "answer", "why"),
    [
        ("/version", "<html>", "/version: answer of 6 bytes is not JSON"),
        (
            "/version",
            Response('{"reason": "Unauthorized", "message": "no"}', 401),
            "GET /version: 401 Unauthorized: no",
        ),
        ("/api/v1/nodes", Response('{"reason": "Forbidden", "message": "no"}', 403), "403 Forbidden: no"),
        ("/api/v1/nodes", {"items": [{"metadata": {"name": 5}}]}, "/api/v1/nodes: Expected `str`, got `int`"),
        ("/api/v1/nodes", {"items": [{"spec": {}}]}, "malformed node"),
        ("/api/v1/pods", {"items": "x"}, "/api/v1/pods: Expected `array | null`, got `str`"),
        ("/api/v1/namespaces", {"items": [{"metadata": {}}]}, "a namespace has no name"),
        ("/api/v1/namespaces", {"items": []}, "no namespace kube-system"),
        ("/apis", {"kind": "Other"}, "no aggregated discovery"),
        (
            f"/api/v1/namespaces/{NAMESPACE}/configmaps",
            {"items": [{"metadata": {"name": "u1"}, "data": {"inventory.json": "{"}}]},
            "inventory object `u1`",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_costs_the_member_its_row(
    member: Callable[..., Member], path: str, answer: Any, why: str
) -> None:
    cluster = look(member({path: answer}))
    assert cluster.state is ClusterState.UNREACHABLE
    assert why in cluster.why
    assert "\n" not in cluster.why


def test_a_pod_that_cannot_be_read_costs_only_itself(member: Callable[..., Member]) -> None:
    broken = {
        "metadata": {"name": "q", "namespace": "default"},
        "spec": {"nodeName": "n1", "containers": [{"resources": {"requests": {"cpu": "many"}}}]},
    }
    pods = {"items": [broken, *HEALTHY["/api/v1/pods"]["items"]]}
    cluster = look(member({"/api/v1/pods": pods}))
    assert cluster.state is ClusterState.READY
    assert cluster.shapes[0].free[0][0]["cpu"] == 3000


def test_members_that_fail_cost_only_their_own_row(member: Callable[..., Member], tmp_path: Path) -> None:
    good = member()
    (tmp_path / "hung").mkdir()
    (tmp_path / "hung" / "ca.pem").write_text((tmp_path / "ca.pem").read_text())
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hung = Member("hung", write_access(tmp_path / "hung", f"https://127.0.0.1:{silent.getsockname()[1]}"))
        absent = Member("absent", Kubeconfig("no-such", str(tmp_path / "kubeconfig")))
        planned = Member("planned", None)
        known = Member("known", hung.access)
        started = time.monotonic()
        snapshot, connections = take_snapshot(
            [hung, planned, good, known, absent],
            taken_at=NOW,
            deadline=1.5,
            known_unreachable={"known": "asked before"},
        )
        assert time.monotonic() - started < 15
    rows = {cluster.name: (cluster.state, cluster.why) for cluster in snapshot.clusters}
    assert list(rows) == ["absent", "eu-1", "hung", "known", "planned"]
    assert rows["eu-1"] == (ClusterState.READY, "")
    assert rows["planned"] == (ClusterState.PLANNED, "not created yet")
    assert rows["known"] == (ClusterState.UNREACHABLE, "asked before")
    assert rows["hung"][0] is ClusterState.UNREACHABLE
    assert "no answer" in rows["hung"][1]
    assert "no context `no-such`" in rows["absent"][1]
    assert list(connections) == ["eu-1"]
    connections["eu-1"].close()


def test_a_connection_of_a_snapshot_outlives_its_deadline(member: Callable[..., Member]) -> None:
    _, connections = take_snapshot([member()], taken_at=NOW, deadline=0.8)
    time.sleep(0.9)
    assert connections["eu-1"].get("/version") == {"gitVersion": "v1.37.2"}
    connections["eu-1"].close()


def test_a_cancel_ends_the_snapshot(member: Callable[..., Member]) -> None:
    with pytest.raises(Cancelled):
        take_snapshot([member()], taken_at=NOW, cancelled=lambda: True)


def test_the_order_of_members_changes_nothing(member: Callable[..., Member]) -> None:
    first, second = member(), Member("aa-1", None)
    one, _ = take_snapshot([first, second], taken_at=NOW)
    two, _ = take_snapshot([second, first], taken_at=NOW)
    assert one == two
