"""Pods of one kind, bound one by one on one cluster as kube-scheduler's filters let them.

Follows the plugins NodeResourcesFit, NodeAffinity, TaintToleration, NodePorts, InterPodAffinity and PodTopologySpread
of Kubernetes 1.37. A domain is a pair of topology key and value; those of the host name are the nodes themselves, and
never listed.
"""

from collections import Counter
from collections.abc import Iterable

from kubefleet.model.pod_rules import HOSTNAME
from kubefleet.model.shape import NodeShape
from kubefleet.scheduling.rules.ground import Ground, Group, Order, View
from kubefleet.scheduling.rules.marks import Look


class Play:
    """The state after some pods; the ground that it was made of stays as it is."""

    def __init__(self, ground: Ground, view: View) -> None:
        self.ground, self.view, self.groups = ground, view, dict(ground.groups)
        self.rules = view.rules
        self._looks: dict[int, Look] = {}
        self._after: dict[int, int] = {}
        marks = ground.marks
        self.own = marks.look(marks.with_pod(0, self.rules), self.rules, ground.namespaces)
        """What a pod sees of one of its own kind."""
        self.apart = set[tuple[str, str]]()
        self.near = set[tuple[str, str]]()
        self.any_near = False
        self.counts: list[dict[str, int]] = [{} for _ in self.rules.spread]
        self.by_node: list[Counter[int]] = [Counter() for _ in self.rules.spread]
        """Of a spread over nodes: how many nodes have so many pods."""
        for (kind, mark, _), nodes in self.groups.items():
            self._survey(ground.kinds[kind], self.look(mark), nodes)
        for shape, mark, nodes in ground.idle:
            self._survey(shape, self.look(mark), nodes)

    def look(self, mark: int) -> Look:
        """What the pod sees on nodes of a mark."""
        found = self._looks.get(mark)
        if found is None:
            found = self._looks[mark] = self.ground.marks.look(mark, self.rules, self.ground.namespaces)
        return found

    def open(self, *, spread: bool = True) -> list[Group]:
        """Groups whose nodes one more pod may go to; without `spread` where it could but for spreads that each of these
        pods counts in.
        """
        least = [self.least(i) for i in range(len(self.rules.spread))]
        return [group for group in self.groups if self._is_open(group, least, spread=spread)]

    def least(self, i: int) -> int:
        """The global minimum of a spread: 0 while there are fewer domains than it wants."""
        rule, counts, by_node = self.rules.spread[i], self.counts[i], self.by_node[i]
        if rule.topology_key == HOSTNAME:
            return min(by_node) if by_node and by_node.total() >= rule.min_domains else 0
        return min(counts.values()) if counts and len(counts) >= rule.min_domains else 0

    def put(self, group: Group) -> None:
        """One more pod on one node of a group."""
        kind, mark, free = group
        shape, after = self.ground.kinds[kind], self._after.get(mark)
        if after is None:
            after = self._after[mark] = self.ground.marks.with_pod(mark, self.rules)
        self._move(group, (kind, after, tuple([have - need for have, need in zip(free, self.view.need, strict=True)])))
        seen, before = self.view.seen(shape), self.look(mark)
        for i, rule in enumerate(self.rules.spread):
            if not (seen.counts[i] and self.own.spread[i]):
                continue
            if rule.topology_key == HOSTNAME:
                by_node = self.by_node[i]
                by_node[before.spread[i]] -= 1
                by_node += Counter()  # forgets those that are none
                by_node[before.spread[i] + 1] += 1
            else:
                self.counts[i][shape.labels[rule.topology_key]] += 1
        self._note(shape, self.own)

    def bind(self, pods: int, order: Order) -> int:
        """Bind pods one by one, each on the first group by order of those that are open; gives how many were."""
        bound = 0
        while bound < pods and (there := self.open()):
            self.put(min(there, key=order))
            bound += 1
        return bound

    def _move(self, group: Group, after: Group) -> None:
        self.groups[group] -= 1
        if not self.groups[group]:
            del self.groups[group]
        self.groups[after] = self.groups.get(after, 0) + 1

    def _survey(self, shape: NodeShape, look: Look, nodes: int) -> None:
        seen = self.view.seen(shape)
        for i, rule in enumerate(self.rules.spread):
            if not seen.counts[i]:
                continue
            if rule.topology_key == HOSTNAME:
                self.by_node[i][look.spread[i]] += nodes
            else:
                value = shape.labels[rule.topology_key]
                self.counts[i][value] = self.counts[i].get(value, 0) + look.spread[i] * nodes
        self._note(shape, look)

    def _note(self, shape: NodeShape, look: Look) -> None:
        """Domains that are taken, or sought, because of what stands on a node."""
        self.apart.update(_domains(shape, look.apart))
        if look.near:
            self.any_near = True
            self.near.update(_domains(shape, {term.topology_key for term in self.rules.affinity}))

    def _is_open(self, group: Group, least: list[int], *, spread: bool) -> bool:
        kind, mark, free = group
        shape, look = self.ground.kinds[kind], self.look(mark)
        if look.apart_here or not self.view.seen(shape).takes or not self.view.fits(free):
            return False
        if self.apart and any(domain in self.apart for domain in shape.labels.items()):
            return False
        if self.rules.affinity and not self._is_near(shape, look):
            return False
        for i, rule in enumerate(self.rules.spread):
            if not spread and self.own.spread[i]:
                continue
            here = rule.topology_key == HOSTNAME
            count = look.spread[i] if here else self.counts[i].get(shape.labels[rule.topology_key], 0)
            if count + self.own.spread[i] - least[i] > rule.max_skew:
                return False
        return True

    def _is_near(self, shape: NodeShape, look: Look) -> bool:
        """Whether pods that it seeks are near by every term; where there are none at all it may seek its own kind."""
        if not self.any_near:
            return self.own.near
        return all(
            look.near if key == HOSTNAME else (key, shape.labels[key]) in self.near
            for key in (term.topology_key for term in self.rules.affinity)
        )


def _domains(shape: NodeShape, keys: Iterable[str]) -> list[tuple[str, str]]:
    return [(key, shape.labels[key]) for key in keys if key != HOSTNAME and key in shape.labels]
