"""What stands on nodes, numbered: alike nodes have one mark. Marks come as pods with rules are laid."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from immutabledict import immutabledict

from kubefleet.model.pod_rules import HOSTNAME, NO_LABELS, PodRules
from kubefleet.model.standing import Standing, StandingPods

NamespaceLabels = immutabledict[str, immutabledict[str, str]]


@dataclass(frozen=True, slots=True)
class Look:
    """What a pod sees on one node: per topology spread the pods that it counts; whether a pod is `near` that all its
    affinity terms are about; the topology keys by which it and what stands there are kept `apart`; whether a port that
    it wants is taken.
    """

    spread: tuple[int, ...]
    near: bool
    apart: frozenset[str]
    ports: bool

    @property
    def apart_here(self) -> bool:
        """Whether the node itself is out of the question."""
        return self.ports or HOSTNAME in self.apart


class Marks:
    """Numbers of `Standing`s; 0 is a node on which nothing stands that anybody looks at."""

    def __init__(self, numbers: Mapping[Standing, int]) -> None:
        self._numbers = dict(numbers)
        self._standing = list(self._numbers)
        self._with: dict[tuple[int, PodRules], int] = {}
        self._looks: dict[tuple[int, PodRules, NamespaceLabels], Look] = {}

    def of(self, standing: Standing) -> int:
        """The mark of nodes on which that stands."""
        mark = self._numbers.setdefault(standing, len(self._standing))
        if mark == len(self._standing):
            self._standing.append(standing)
        return mark

    def with_pod(self, mark: int, rules: PodRules) -> int:
        """The mark of a node of this mark with one more pod on it."""
        key = mark, rules
        if key not in self._with:
            self._with[key] = self.of(_beside(self._standing[mark], rules))
        return self._with[key]

    def look(self, mark: int, rules: PodRules, namespaces: NamespaceLabels) -> Look:
        """What a pod sees there, on a cluster whose namespaces have these labels."""
        key = mark, rules, namespaces
        if key not in self._looks:
            self._looks[key] = _look(self._standing[mark], rules, namespaces)
        return self._looks[key]


def _beside(standing: Standing, rules: PodRules) -> Standing:
    one = StandingPods(rules.namespace, rules.labels, rules.anti_affinity)
    pods = dict.fromkeys(standing.pods)
    alike = next((found for found in pods if replace(found, count=1) == one), None)
    if alike is None:
        pods[one] = None
        after = tuple(pods)
    else:
        after = tuple(replace(found, count=found.count + 1) if found is alike else found for found in pods)
    return Standing(after, standing.host_ports | set(rules.host_ports))


def _look(standing: Standing, rules: PodRules, namespaces: NamespaceLabels) -> Look:
    spread = [0] * len(rules.spread)
    near, apart = False, set[str]()
    mine = namespaces.get(rules.namespace, NO_LABELS)
    for pods in standing.pods:
        where = pods.namespace, pods.labels, namespaces.get(pods.namespace, NO_LABELS)
        for i, constraint in enumerate(rules.spread):
            # An empty selector counts none, as in `countPodsMatchSelector`; neither are those counted that go.
            if constraint.pods.labels and not pods.terminating and constraint.pods.has(*where):
                spread[i] += pods.count
        near = near or (bool(rules.affinity) and all(term.pods.has(*where) for term in rules.affinity))
        apart.update(term.topology_key for term in rules.anti_affinity if term.pods.has(*where))
        apart.update(
            term.topology_key for term in pods.anti_affinity if term.pods.has(rules.namespace, rules.labels, mine)
        )
    clash = any(port.clashes(standing.host_ports) for port in rules.host_ports)
    return Look(tuple(spread), near, frozenset(apart), clash)
