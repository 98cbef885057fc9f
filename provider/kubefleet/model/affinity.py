"""Affinity between placements: what one wants to stand beside, or apart from."""

from collections.abc import Mapping
from dataclasses import dataclass

CLUSTER = "cluster"
"""The topology key for which every cluster is a domain of its own; any other is a label of the clusters."""


@dataclass(frozen=True, slots=True)
class PlacementSelector:
    """Placements by name, by labels, or by both, of which then both must hold.

    A plain name is that of a placement of the same program, `FLEET/NAME` one that another stack has placed. Labels
    match the placements of all stacks.
    """

    names: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ",".join((*self.names, *(f"{key}={value}" for key, value in self.labels)))

    def matches(self, name: str, labels: Mapping[str, str]) -> bool:
        """Whether a placement of that name (`FLEET/NAME` where it is another stack's) and those labels is meant."""
        return (not self.names or name in self.names) and all(labels.get(key) == value for key, value in self.labels)

    def seen_from_afar(self, fleet: str) -> "PlacementSelector":
        """As another stack has to read it, of which plain names mean others: with `fleet` before them."""
        names = (name if "/" in name else f"{fleet}/{name}" for name in self.names)
        return PlacementSelector(tuple(sorted(names)), self.labels)


@dataclass(frozen=True, slots=True)
class Affinity:
    """One rule, of affinity or of anti-affinity: the placements, the topology domains over which they are together or
    apart, and the weight (1..100) of one that is only preferred, or 0 for one that is required.

    As in Kubernetes one matching placement in a domain is enough, a cluster without the label has no affinity to any,
    and is apart from all. A placement never counts as its own neighbour.
    """

    placements: PlacementSelector
    key: str = CLUSTER
    weight: int = 0

    @property
    def required(self) -> bool:
        """Whether it is a rule and not a preference."""
        return self.weight == 0
