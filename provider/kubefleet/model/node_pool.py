"""Node pools: nodes alike that a cluster is made with, and may add to."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from immutabledict import immutabledict

from kubefleet.model.amounts import Amounts
from kubefleet.model.shape import NodeShape
from kubefleet.model.taint import Taint

POOL_LABELS = (
    "karpenter.sh/nodepool",
    "cloud.google.com/gke-nodepool",
    "kubernetes.azure.com/agentpool",
    "agentpool",
    "eks.amazonaws.com/nodegroup",
    "alpha.eksctl.io/nodegroup-name",
    "worker.gardener.cloud/pool",
)
"""Labels by which clouds and autoscalers tell of which pool a node is."""
INSTANCE_TYPE = "node.kubernetes.io/instance-type"


@dataclass(frozen=True, slots=True)
class NodePool:
    """`count` nodes of one kind, of which there may be `max_count`; None for a pool that does not grow by itself."""

    name: str
    allocatable: Amounts
    capacity: Amounts
    count: int = 1
    max_count: int | None = None
    instance_type: str = ""
    labels: immutabledict[str, str] = field(default_factory=immutabledict)
    taints: tuple[Taint, ...] = ()

    def nodes(self, count: int) -> NodeShape:
        """So many of its nodes, with nothing on them."""
        labels = {INSTANCE_TYPE: self.instance_type} if self.instance_type else {}
        return NodeShape(
            count=count,
            allocatable=self.allocatable,
            capacity=self.capacity,
            free=((self.allocatable, count),),
            instance_type=self.instance_type,
            labels=immutabledict(sorted((labels | dict(self.labels)).items())),
            taints=self.taints,
        )

    def has(self, shape: NodeShape) -> bool:
        """Whether such nodes are of this pool: by a label that names the pool; else by what was declared of it, its
        instance type and labels, or where it has neither, its amounts.
        """
        if names := pool_names(shape):
            return self.name in names
        if not self.instance_type and not self.labels:
            return self.allocatable == shape.allocatable or self.capacity == shape.capacity
        alike = not self.instance_type or self.instance_type == shape.instance_type
        return alike and all(shape.labels.get(key) == value for key, value in self.labels.items())


def pool_names(shape: NodeShape) -> tuple[str, ...]:
    """What labels say of which pool a node is."""
    return tuple(shape.labels[label] for label in POOL_LABELS if label in shape.labels)


def sorted_out(shapes: Sequence[NodeShape], pools: Sequence[NodePool]) -> dict[str, list[NodeShape]]:
    """The shapes of each pool, by its name. A shape is of one pool: of that which says most of its nodes."""
    found: dict[str, list[NodeShape]] = {pool.name: [] for pool in pools}
    by_detail = sorted(pools, key=lambda pool: -(bool(pool.instance_type) + len(pool.labels)))
    for shape in shapes:
        owner = next((pool for pool in by_detail if pool.has(shape)), None)
        if owner is not None:
            found[owner.name].append(shape)
    return found


def completed(shapes: Sequence[NodeShape], pools: Sequence[NodePool]) -> tuple[NodeShape, ...]:
    """The nodes of a cluster that is not there yet, or is young: what its pools lack is added, with nothing on it.

    Nodes that have come and are not ready yet count as lacking: they will be.
    """
    there, added, gone = sorted_out(shapes, pools), list[NodeShape](), list[NodeShape]()
    for pool in pools:
        lack = pool.count - sum(shape.count for shape in there[pool.name] if shape.schedulable)
        if lack <= 0:
            continue
        waiting = 0
        for shape in there[pool.name]:
            if not shape.schedulable and waiting + shape.count <= lack:
                waiting += shape.count
                gone.append(shape)
        added.append(pool.nodes(lack))
    return (*(shape for shape in shapes if shape not in gone), *added)


def fresh(shape: NodeShape, count: int) -> NodeShape:
    """So many nodes of a shape, with nothing on them."""
    return replace(shape, count=count, free=((shape.allocatable, count),), schedulable=True, standing=())
