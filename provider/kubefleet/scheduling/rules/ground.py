"""The nodes of one cluster for pods with rules, and how one kind of pod sees nodes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from immutabledict import immutabledict

from kubefleet.model.pod_rules import HOSTNAME, PodRules, PodSpread
from kubefleet.model.request import PodShape
from kubefleet.model.shape import NodeShape
from kubefleet.scheduling.node_table import refusing, selected, tolerated
from kubefleet.scheduling.nodes import MOST_PER_NODE, Size
from kubefleet.scheduling.rules.marks import Marks, NamespaceLabels

Group = tuple[int, int, tuple[int, ...]]
"""Alike nodes: their kind, their mark, what each has free."""
_NO_RULES = PodRules()


@dataclass(frozen=True, slots=True)
class Ground:
    """Groups of nodes with how many they are; `idle` ones take no pod, but what stands there counts."""

    groups: dict[Group, int]
    idle: Sequence[tuple[NodeShape, int, int]]
    kinds: Sequence[NodeShape]
    namespaces: NamespaceLabels
    marks: Marks


@dataclass(frozen=True, slots=True)
class Seen:
    """How a kind of pod sees nodes with some labels and taints: whether they take it at all, and for which of its
    topology spreads they make a domain.
    """

    takes: bool
    counts: tuple[bool, ...]


@dataclass(slots=True, eq=False)
class View:
    """One kind of pod; pods without rules have none that hold."""

    pod: PodShape
    size: Size
    rules: PodRules = _NO_RULES
    need: tuple[int, ...] = ()
    _seen: dict[int, tuple[NodeShape, Seen]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.need = tuple(self.size.need.tolist())
        self.rules = self.pod.rules or _NO_RULES

    def seen(self, node: NodeShape) -> Seen:
        """How it sees a node."""
        found = self._seen.get(id(node))
        if found is None:
            # The shape is held too, so that no other can have its id.
            found = self._seen[id(node)] = node, self._look(node)
        return found[1]

    def fits(self, free: Sequence[int]) -> bool:
        """Whether one more fits into what a node has free."""
        return all(free[resource] >= self.need[resource] for resource in self.size.asked)

    def room(self, free: Sequence[int]) -> int:
        """How many fit into what a node has free."""
        rooms = [free[resource] // self.need[resource] for resource in self.size.asked]
        return min(rooms, default=MOST_PER_NODE)

    def score(self, free: Sequence[int], whole: Sequence[int]) -> int:
        """What LeastAllocated gives a node with one more on it: the percentages of cpu and memory then free."""
        return sum((free[r] - self.need[r]) * 100 // whole[r] for r in range(len(whole)))

    def _look(self, node: NodeShape) -> Seen:
        rules, labels = self.rules, node.labels
        chosen, fine = selected(labels, self.pod), tolerated(refusing(node), self.pod)
        complete = all(has(labels, rule.topology_key) for rule in rules.spread)
        reachable = all(has(labels, term.topology_key) for term in rules.affinity)

        def counts(rule: PodSpread) -> bool:
            return complete and (chosen or not rule.honor_affinity) and (fine or not rule.honor_taints)

        return Seen(chosen and fine and complete and reachable, tuple(map(counts, rules.spread)))


def has(labels: immutabledict[str, str], key: str) -> bool:
    """Whether a node is in a domain of that key. Every node has a host name."""
    return key == HOSTNAME or key in labels


Order = Callable[[Group], Any]
"""Which group comes first: the one with the smallest value."""
