"""What a pod asks of where others are, in the terms of `core/v1`: inter-pod affinity, topology spread, host ports."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from immutabledict import immutabledict

from kubefleet.model.pod_resources import PodResources
from kubefleet.model.selector import Expr
from kubefleet.model.taint import Toleration

HOSTNAME = "kubernetes.io/hostname"
NODE_NAME = "metadata.name"
"""A node's name stands among its labels under this key where a request names nodes by `matchFields`."""
_ANY_ADDRESS = frozenset({"", "0.0.0.0"})  # noqa: S104 - what Kubernetes means by it
NO_LABELS: immutabledict[str, str] = immutabledict()


@dataclass(frozen=True, slots=True, order=True)
class HostPort:
    """A port of the node itself that a pod takes."""

    port: int
    protocol: str = "TCP"
    address: str = ""

    def clashes(self, others: Iterable["HostPort"]) -> bool:
        """Whether one of the others is the same port, on an address that is the same or every one."""
        return any(
            (self.port, self.protocol) == (other.port, other.protocol)
            and (self.address == other.address or self.address in _ANY_ADDRESS or other.address in _ANY_ADDRESS)
            for other in others
        )


@dataclass(frozen=True, slots=True)
class Pods:
    """Which pods a rule is about: those with matching `labels` (None matches no pod, no expression at all matches
    every one) in one of the `namespaces`, or in one whose own labels match `namespace_labels` (None: in no other).
    """

    labels: tuple[Expr, ...] | None = None
    namespaces: frozenset[str] = frozenset()
    namespace_labels: tuple[Expr, ...] | None = None

    def has(self, namespace: str, labels: Mapping[str, str], of_namespace: Mapping[str, str] = NO_LABELS) -> bool:
        """Whether a pod is one of them; `of_namespace` are the labels of its namespace."""
        if not self.have_labels(labels):
            return False
        if namespace in self.namespaces:
            return True
        wanted = self.namespace_labels
        return wanted is not None and all(expr.matches_labels(of_namespace) for expr in wanted)

    def have_labels(self, labels: Mapping[str, str]) -> bool:
        """Whether a pod's own labels match, wherever it is."""
        return self.labels is not None and all(expr.matches_labels(labels) for expr in self.labels)


@dataclass(frozen=True, slots=True)
class PodTerm:
    """A required term of pod affinity or anti-affinity."""

    topology_key: str
    pods: Pods


@dataclass(frozen=True, slots=True)
class PodSpread:
    """A topology spread constraint that is `DoNotSchedule`. The two policies say which nodes make a domain count."""

    topology_key: str
    max_skew: int
    pods: Pods
    min_domains: int = 1
    honor_affinity: bool = True
    honor_taints: bool = False


@dataclass(frozen=True, slots=True)
class PodOn:
    """What of a pod is its own on one cluster, where an override makes it another one than elsewhere."""

    resources: PodResources
    node_selector: immutabledict[str, str] = NO_LABELS
    node_affinity: tuple[tuple[Expr, ...], ...] = ()
    tolerations: tuple[Toleration, ...] = ()


@dataclass(frozen=True, slots=True)
class PodRules:
    """Who a pod is, and what beside its size decides where it may be; `on` has what it is on single clusters, by name.

    `runtime_class` and `priority_class` are names, `ends` is whether it has a deadline. `unsure` says in words what
    cannot be known from a snapshot and may let fewer pods (or more) be bound than are counted.
    """

    namespace: str = ""
    labels: immutabledict[str, str] = NO_LABELS
    affinity: tuple[PodTerm, ...] = ()
    anti_affinity: tuple[PodTerm, ...] = ()
    spread: tuple[PodSpread, ...] = ()
    host_ports: tuple[HostPort, ...] = ()
    resources: PodResources = field(default_factory=PodResources)
    runtime_class: str = ""
    priority_class: str = ""
    ends: bool = False
    unsure: tuple[str, ...] = ()
    on: "immutabledict[str, PodOn]" = field(default_factory=immutabledict)

    def __hash__(self) -> int:
        """Cheap: rules are part of keys everywhere, and seldom differ in no more than their terms."""
        return hash((self.namespace, self.labels))

    @property
    def bind(self) -> bool:
        """Whether some rule looks at other pods or at more of a node than its size."""
        return bool(self.affinity or self.anti_affinity or self.spread or self.host_ports)

    @property
    def terms(self) -> tuple[PodTerm, ...]:
        """All terms of affinity and anti-affinity."""
        return self.affinity + self.anti_affinity

    @property
    def looked_at(self) -> tuple[Pods, ...]:
        """All pods that some rule is about."""
        return tuple([term.pods for term in self.terms] + [constraint.pods for constraint in self.spread])

    @property
    def topology_keys(self) -> frozenset[str]:
        """The keys of all domains that matter to it."""
        return frozenset([*(term.topology_key for term in self.terms), *(rule.topology_key for rule in self.spread)])
