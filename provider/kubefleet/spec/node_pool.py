"""Node pools as users declare them: of members in programs, of clusters in fleet files."""

from collections.abc import Sequence
from typing import Annotated

from immutabledict import immutabledict
from pydantic import Field, model_validator

from kubefleet.model.amounts import parse_amounts
from kubefleet.model.node_pool import NodePool
from kubefleet.spec.scalars import Labels, Resources, Text, Whole
from kubefleet.spec.toleration import TaintSpec
from kubefleet.spec.written import Written

_Nodes = Annotated[Whole, Field(ge=0, le=100_000)]


class NodePoolSpec(Written):
    """A group of alike nodes with a name; `max_count` is how many there may be once it grows."""

    name: Text
    count: _Nodes = 1
    max_count: _Nodes | None = None
    instance_type: str = ""
    labels: Labels = {}
    taints: list[TaintSpec] = []
    allocatable: Resources
    capacity: Resources = {}

    @model_validator(mode="after")
    def _maximum_holds_what_is_there(self) -> "NodePoolSpec":
        if self.max_count is not None and self.max_count < self.count:
            raise ValueError(f"maximum {self.max_count} below the count (expected at least {self.count})")
        return self

    def pool(self) -> NodePool:
        """The frozen value."""
        allocatable = parse_amounts(self.allocatable)
        return NodePool(
            name=self.name,
            allocatable=allocatable,
            capacity=parse_amounts(self.capacity) or allocatable,
            count=self.count,
            max_count=self.max_count,
            instance_type=self.instance_type,
            labels=immutabledict(sorted(self.labels.items())),
            taints=tuple(sorted({spec.taint() for spec in self.taints})),
        )


def node_pools_of(specs: Sequence[NodePoolSpec]) -> tuple[NodePool, ...]:
    """The frozen values, in the order in which they were written."""
    return tuple(spec.pool() for spec in specs)


def names_once(specs: Sequence[NodePoolSpec] | None) -> Sequence[NodePoolSpec] | None:
    """The same. Raises ValueError where two pools have one name."""
    names = [spec.name for spec in specs or ()]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"`{name}` is there twice (expected once). Rename or remove one.")
    return specs
