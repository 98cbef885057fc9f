"""Node pools of a member: what its nodes will be while they are not there yet."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from pulumi_kubefleet._record import Record
from pulumi_kubefleet.terms import Taint


class NodePool(Record):
    """A pool of alike nodes: `NodePool("gpu", count=2, max_count=5, allocatable={"cpu": "96", "nvidia.com/gpu": 8})`.

    A member that is still to be created, or is younger than 30 minutes, counts as having `count` of them. With
    `max_count` it may grow: workloads that do not fit on the nodes that are there are placed on nodes to be added, and
    the preview says how many.
    """

    def __init__(
        self,
        name: str,
        *,
        allocatable: Mapping[str, pulumi.Input[str | int | float]] | None = None,
        capacity: Mapping[str, pulumi.Input[str | int | float]] | None = None,
        count: pulumi.Input[int] = 1,
        max_count: pulumi.Input[int] | None = None,
        instance_type: pulumi.Input[str] | None = None,
        labels: Mapping[str, pulumi.Input[str]] | None = None,
        taints: Sequence[Taint] = (),
        **unknown: Any,
    ) -> None:
        super().__init__(
            name=name,
            count=count,
            max_count=max_count,
            instance_type=instance_type,
            labels=labels or None,
            taints=list(taints) or None,
            allocatable=allocatable,
            capacity=capacity or None,
            **unknown,
        )
