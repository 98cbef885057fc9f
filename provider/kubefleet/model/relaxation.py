"""The least changes that would make something fit: data, made into text only at the end."""

from dataclasses import dataclass, field
from enum import StrEnum

from immutabledict import immutabledict


class Constraint(StrEnum):
    """What may be relaxed; in this order of equally many changes the first ones are the smaller."""

    TOPOLOGY_SPREAD = "topology-spread"
    MIN_DOMAINS = "min-domains"
    SPREAD_GROUPS = "spread-groups"
    MIN_CLUSTERS = "min-clusters"
    TOLERATION = "toleration"
    PROPERTY = "property"
    LABEL = "label"
    NODE_REQUIREMENT = "node-requirement"
    NAMESPACE = "namespace"
    API = "api"
    AFFINITY = "affinity"
    RULE = "rule"
    FUNCTION = "function"
    MAXIMUM = "maximum"
    CLUSTERS = "clusters"
    CLUSTER_STATE = "cluster-state"
    NODES = "nodes"
    REQUEST = "request"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Change:
    """One constraint and by how much, e.g. `{"key": "region", "from": 1, "to": 3}` of `topology-spread`."""

    constraint: Constraint
    detail: immutabledict[str, int | str] = field(default_factory=immutabledict)


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Changes that together leave `unplaced` replicas (or copies) without a place, 0 if they place everything, when all
    else stays as it is after this plan.
    """

    changes: tuple[Change, ...]
    unplaced: int = 0


def make_change(constraint: Constraint, **detail: int | str) -> Change:
    """A change with its figures in a fixed order; `from_` stands for `from`."""
    return Change(constraint, immutabledict({name.rstrip("_"): detail[name] for name in sorted(detail)}))
