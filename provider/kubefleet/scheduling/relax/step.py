"""A change that is tried."""

from collections.abc import Callable
from dataclasses import dataclass

from kubefleet.model.relaxation import Change
from kubefleet.model.request import Request
from kubefleet.model.shape import NodeShape

Position = tuple[int, int, int]
"""One reason: the filter's row in the funnel, the cluster's number, which of the reasons that this filter has."""


@dataclass(frozen=True, slots=True)
class MoreNodes:
    """Empty nodes of a shape that a cluster has already."""

    cluster: int
    shape: NodeShape
    count: int


@dataclass(frozen=True, slots=True)
class Step:
    """A change and what it does: reasons that it `lifts`, another request, or more nodes. Filters of taints and terms
    are asked again about another request: for these what it lifts only says whom it may help.
    """

    change: Change
    lifts: tuple[Position, ...] = ()
    edit: Callable[[Request], Request] | None = None
    nodes: MoreNodes | None = None


Family = list[Step]
"""The same change by more and more: each step of it lets at least as much fit as the one before."""
