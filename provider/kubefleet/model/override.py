"""Overrides: how a placement's objects differ from one cluster to another."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import Term
from kubefleet.model.subject import Subject


@dataclass(frozen=True, slots=True)
class JsonPatch:
    """Operations of RFC 6902, in order."""

    operations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Merge:
    """A strategic merge patch, as Kubernetes has it."""

    patch: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """The object is not applied there."""


Change = JsonPatch | Merge | Delete


@dataclass(frozen=True, slots=True)
class Override:
    """One rule: which objects it changes, on which clusters (None of both: on all), and how."""

    subject: Subject
    change: Change
    clusters: tuple[str, ...] | None = None
    term: Term | None = None

    def selects(self, cluster: Cluster) -> bool:
        """Whether it is about that cluster."""
        if self.clusters is not None and cluster.name not in self.clusters:
            return False
        return self.term is None or (
            all(expr.matches_labels(cluster.labels) for expr in self.term.labels)
            and all(expr.matches_property(cluster.properties.get(expr.key)) for expr in self.term.properties)
        )


@dataclass(frozen=True, slots=True)
class Bound:
    """What of a placement's overrides holds on one cluster: the rules by their place, and the values of the variables
    in them by name. All that may change by itself between two runs is in it, and nothing else.
    """

    rules: tuple[int, ...] = ()
    values: Mapping[str, str] | None = None
