"""What a placement asks of the clusters that it lands on."""

from dataclasses import dataclass, field
from enum import StrEnum

from immutabledict import immutabledict

from kubefleet.model.affinity import Affinity
from kubefleet.model.plugin import Plugin
from kubefleet.model.selector import Expr
from kubefleet.model.taint import Toleration


class PolicyType(StrEnum):
    """How many clusters a policy takes."""

    PICK_ALL = "PickAll"
    PICK_FIXED = "PickFixed"
    PICK_N = "PickN"


class Fit(StrEnum):
    """What capacity is to a placement."""

    FILTER = "filter"
    SCORE = "score"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True, order=True)
class Nodes:
    """A node requirement: at least so many nodes, for each of which every expression holds.

    Expressions are on facts of a node (`node_facts`). With `free` resources mean what is free on it, and nodes that
    take no pods do not count.
    """

    each: tuple[Expr, ...]
    at_least: int = 1
    free: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """One alternative: all of its label and property expressions and its node requirements must hold."""

    labels: tuple[Expr, ...] = ()
    properties: tuple[Expr, ...] = ()
    nodes: tuple[Nodes, ...] = ()


@dataclass(frozen=True, slots=True)
class Prefer:
    """A preference of weight −100..100: a term that matches, a property sorted by, or a function's points
    (exactly one of the three)."""

    weight: int
    term: Term | None = None
    sort_by: str | None = None
    descending: bool = False
    function: Plugin | None = None


@dataclass(frozen=True, slots=True)
class TopologySpread:
    """Kubernetes' pod topology spread, over clusters. `hard` is `DoNotSchedule`, else `ScheduleAnyway`."""

    key: str
    max_skew: int
    hard: bool = True
    min_domains: int | None = None


@dataclass(frozen=True, slots=True)
class SpreadGroup:
    """The clusters of a placement stand in at least `min_groups` and at most `max_groups` groups: those that have the
    same value of a label. Karmada's spread constraints (`spreadByField`, `spreadByLabel`).
    """

    key: str
    min_groups: int = 1
    max_groups: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy. `required` terms are alternatives; none at all means every cluster. `filters` are the user's
    own. Where fewer clusters than `min_clusters` fit, nothing new is placed.
    """

    type: PolicyType = PolicyType.PICK_ALL
    number: int = 0
    names: tuple[str, ...] = ()
    required: tuple[Term, ...] = ()
    preferred: tuple[Prefer, ...] = ()
    topology_spread: tuple[TopologySpread, ...] = ()
    tolerations: tuple[Toleration, ...] = ()
    fit: Fit = Fit.FILTER
    filters: tuple[Plugin, ...] = ()
    spread_groups: tuple[SpreadGroup, ...] = ()
    affinity: tuple[Affinity, ...] = ()
    anti_affinity: tuple[Affinity, ...] = ()
    min_clusters: int = 0


class DivideBy(StrEnum):
    """What decides how many replicas a cluster gets."""

    WEIGHT = "weight"
    AVAILABLE = "available"
    AGGREGATED = "aggregated"


@dataclass(frozen=True, slots=True)
class Divided:
    """The workloads' replicas are divided over the chosen clusters; per-cluster weights default to 1."""

    by: DivideBy = DivideBy.WEIGHT
    weights: immutabledict[str, int] = field(default_factory=immutabledict)
    min: immutabledict[str, int] = field(default_factory=immutabledict)
    max: immutabledict[str, int] = field(default_factory=immutabledict)
