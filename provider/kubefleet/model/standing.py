"""What stands on nodes beside the amounts that it takes, as far as requests look at it; and rules of namespaces."""

from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.model.amounts import NOTHING, Amounts
from kubefleet.model.pod_rules import NO_LABELS, HostPort, PodTerm
from kubefleet.model.taint import Toleration


@dataclass(frozen=True, slots=True)
class StandingPods:
    """Alike pods on one node: their labels as far as a rule names them, and their required anti-affinity terms as far
    as these refuse a pod that is asked for. Those that are on their way out count for affinity, not for spread.
    """

    namespace: str
    labels: immutabledict[str, str] = NO_LABELS
    anti_affinity: tuple[PodTerm, ...] = ()
    count: int = 1
    terminating: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """On each of some alike nodes."""

    pods: tuple[StandingPods, ...] = ()
    host_ports: frozenset[HostPort] = frozenset()


EMPTY_NODE = Standing()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which pods a quota counts, as `scopes` and `scopeSelector` say: the name, an operator, values."""

    name: str
    operator: str = "Exists"
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    """A ResourceQuota: the most of each resource (under the names that quotas have for them), and what is used."""

    name: str
    namespace: str
    hard: Amounts
    used: Amounts = NOTHING
    scopes: tuple[Scope, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitRange:
    """One item of a LimitRange, for each `Container` or for each `Pod`; `ratio` in thousandths."""

    name: str
    namespace: str
    type: str = "Container"
    default: Amounts = NOTHING
    default_request: Amounts = NOTHING
    min: Amounts = NOTHING
    max: Amounts = NOTHING
    ratio: Amounts = NOTHING


@dataclass(frozen=True, slots=True)
class RuntimeClass:
    """What a RuntimeClass adds to the pods that name it."""

    name: str
    overhead: Amounts = NOTHING
    node_selector: immutabledict[str, str] = NO_LABELS
    tolerations: tuple[Toleration, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a cluster says of pods before a node is looked for, as far as requests are concerned. `unread` names what
    could not be read.
    """

    namespace_labels: immutabledict[str, immutabledict[str, str]] = field(default_factory=immutabledict)
    quotas: tuple[Quota, ...] = ()
    limit_ranges: tuple[LimitRange, ...] = ()
    runtime_classes: tuple[RuntimeClass, ...] = ()
    unread: tuple[str, ...] = ()
