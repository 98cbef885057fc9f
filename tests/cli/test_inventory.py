from datetime import UTC, datetime

import pytest
import yaml
from immutabledict import immutabledict

from kubefleet.cli.inventory import InventoryForm, render_inventory
from kubefleet.kube.properties import collect_properties
from kubefleet.model.amounts import parse_amounts
from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.property import make_property
from kubefleet.model.shape import NodeShape
from kubefleet.model.snapshot import Snapshot
from kubefleet.model.taint import Effect, Taint
from kubefleet.spec.cluster import ClusterSpec

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
