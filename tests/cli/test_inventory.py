from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml
from immutabledict import immutabledict

from kubefleet.cli.inventory import InventoryForm, render_inventory, show_inventory
from kubefleet.kube.properties import collect_properties
from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.property import make_property
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint
from kubefleet.spec.cluster import ClusterSpec
from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.sku_table import parse_skus

pytestmark = pytest.mark.fast

WHOLE = parse_amounts({"cpu": "8", "memory": "32Gi", "pods": "110", "nvidia.com/gpu": "2"})
PART = parse_amounts({"cpu": "500m", "memory": "1Gi", "pods": "109", "nvidia.com/gpu": "0"})
SHAPES = (
    NodeShape(
        3,
        WHOLE,
        WHOLE,
        ((PART, 1), (WHOLE, 2)),
        "g2",
        immutabledict({"topology.kubernetes.io/region": "eu-west"}),
        (Taint("gpu", "yes", Effect.NO_SCHEDULE),),
    ),
    NodeShape(1, WHOLE, WHOLE, ((WHOLE, 1),), "g3", schedulable=False),
)
LIVE = Cluster(
    "eu-1",
    uid="u",
    labels=immutabledict({"tier": "prod"}),
    properties=immutabledict(
        {**collect_properties((), SHAPES, {}, "v1.37.2"), "energy-rating": make_property(60, "user")}
    ),
    shapes=SHAPES,
    namespaces=frozenset({"default", "team-a"}),
    apis=frozenset({"v1/Pod"}),
    kubernetes_version="v1.37.2",
)
LOST = Cluster("us-1", state=ClusterState.UNREACHABLE, why="connection to 10.0.0.1:6443 refused")
SNAPSHOT = Snapshot(datetime(2026, 1, 1, tzinfo=UTC), (LIVE, LOST))


def test_the_table_has_one_line_a_cluster() -> None:
    assert render_inventory(SNAPSHOT, InventoryForm.TABLE) == (
        "NAME  STATE        VERSION  REGION   NODES  CPU FREE   MEMORY FREE  PODS FREE\n"
        "eu-1  ready        v1.37.2  eu-west  4      24500m/32  97Gi/128Gi   439/440\n"
        "us-1  unreachable  -        -        -      -          -            -\n"
    )


def test_the_wide_table_adds_reasons_and_node_shapes() -> None:
    text = render_inventory(SNAPSHOT, InventoryForm.WIDE)
    clusters, shapes = text.split("\n\n")
    assert "nvidia.com/gpu 6/8" in clusters
    assert clusters.splitlines()[2].endswith("connection to 10.0.0.1:6443 refused")
    assert [line.split() for line in shapes.splitlines()[1:]] == [
        ["eu-1", "3", "g2", "16500m/24", "65Gi/96Gi", "nvidia.com/gpu", "4/6", "gpu=yes:NoSchedule"],
        ["eu-1", "1", "g3", "8/8", "32Gi/32Gi", "nvidia.com/gpu", "2/2", "unschedulable"],
    ]


@pytest.mark.parametrize("form", [InventoryForm.JSON, InventoryForm.YAML])
def test_what_is_written_as_data_is_read_back_as_the_same_cluster(form: InventoryForm) -> None:
    written = yaml.safe_load(render_inventory(SNAPSHOT, form))
    live, lost = (ClusterSpec.model_validate(item).cluster() for item in written["clusters"])
    assert (lost.name, lost.state) == ("us-1", ClusterState.UNREACHABLE)
    assert (live.labels, live.namespaces, live.apis) == (LIVE.labels, LIVE.namespaces, LIVE.apis)
    assert {name: (item.value, item.text) for name, item in live.properties.items()} == {
        name: (item.value, item.text) for name, item in LIVE.properties.items()
    }
    assert [(shape.count, shape.instance_type, shape.free) for shape in live.shapes] == [
        (1, "g2", ((PART, 1),)),
        (2, "g2", ((WHOLE, 2),)),
        (1, "g3", ((WHOLE, 1),)),
    ]
    assert [str(taint) for taint in live.shapes[2].taints] == ["node.kubernetes.io/unschedulable:NoSchedule"]


def spec(**fields: Any) -> Cluster:
    return ClusterSpec.model_validate({"name": "gpu", **fields}).cluster(
        parse_skus({"own": {"gpu": "H100", "gpuCount": 8, "fabric": ["infiniband"], "bandwidthGbps": 400}}, "skus", [])
    )


GPU = spec(
    properties={"energy": float("nan"), "rings": ["a", "b"]},
    nodes=[
        {"count": 2, "instanceType": "own", "allocatable": {"cpu": "8"}, "used": {"cpu": "9"}},
        {"instanceType": "p4de.24xlarge", "allocatable": {"cpu": "96", "nvidia.com/gpu": "8"}},
    ],
)


def test_the_wide_table_shows_accelerators_and_network() -> None:
    text = render_inventory(Snapshot(SNAPSHOT.taken_at, (GPU,)), InventoryForm.WIDE)
    assert "A100-80GB 8, H100 16  efa,infiniband 400 Gbps" in text
    assert " ?/112 " in text


def test_every_property_is_shown_with_its_source_and_why_it_cannot_be_used() -> None:
    lines = render_inventory(Snapshot(SNAPSHOT.taken_at, (GPU,)), InventoryForm.PROPERTIES).splitlines()
    rows = {line.split()[1]: line.split(maxsplit=2)[2].rsplit(maxsplit=1) for line in lines}
    assert lines[0].split() == ["CLUSTER", "PROPERTY", "VALUE", "FROM"]
    for name, value, source in (
        ("accelerator/A100/count", "8", "nodes"),
        ("accelerator/H100/nodes", "2", "nodes"),
        ("available-cpu", "a node has -1 of it free", "nodes"),
        ("energy", "`nan` is no number", "user"),
        ("network/fabric", "efa,infiniband", "nodes"),
        ("network/infiniband/nodes", "2", "nodes"),
        ("rings", "a,b", "user"),
    ):
        assert [part.strip() for part in rows[name]] == [value, source]


def test_what_cannot_be_used_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    show_inventory(Snapshot(SNAPSHOT.taken_at, (GPU, replace(GPU, name="too"))), InventoryForm.TABLE)
    assert capsys.readouterr().err.splitlines() == [
        "gpu, too: property available-cpu is left out: a node has -1 of it free",
        "gpu, too: property energy is left out: `nan` is no number",
    ]


def test_rows_of_the_users_own_travel_with_the_data() -> None:
    written = yaml.safe_load(render_inventory(Snapshot(SNAPSHOT.taken_at, (GPU,)), InventoryForm.YAML))
    assert list(written["skus"]) == ["own"]
    mistakes: list[Mistake] = []
    skus = parse_skus(written["skus"], "skus", mistakes)
    read = ClusterSpec.model_validate(written["clusters"][0]).cluster(skus)
    assert mistakes == []
    assert read.shapes == GPU.shapes
    assert {name: item.value for name, item in read.properties.items()} == {
        name: item.value for name, item in GPU.properties.items()
    }
