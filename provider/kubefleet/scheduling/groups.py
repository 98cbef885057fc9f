"""Groups of clusters (regions, zones, providers, any label) over which a placement stands, and how many there must be.

Karmada's documentation promises `minGroups` and `maxGroups` per region, zone, provider and label; here each rule binds,
several at once too. `min_clusters` is such a rule over single clusters.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from kubefleet.model.affinity import CLUSTER
from kubefleet.model.cluster import Cluster
from kubefleet.model.policy import Policy, PolicyType, SpreadGroup
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Mask, Numbers

_PROPERTIES = {"region": ("region",), "zone": ("zone", "zones"), "provider": ("provider",)}
"""Keys for which a property counts where a cluster has no such label."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A minimum that is not reached: at least so many groups of a key, and how many there are."""

    key: str
    least: int
    found: int


@dataclass(frozen=True, slots=True)
class Rules:
    """What binds the picks of a policy as a whole: rules about groups, and at least and at most so many clusters."""

    groups: tuple[SpreadGroup, ...]
    least: int
    most: int | None


def rules_of(columns: Columns, policy: Policy) -> Rules | None:
    """None for most. Named clusters are not picked: there groups only warn."""
    if not policy.spread_groups and not policy.min_clusters:
        return None
    binding = policy.spread_groups if policy.type is not PolicyType.PICK_FIXED else ()
    return columns.once(("rules", columns.number(policy)), lambda: grouped(binding, policy.min_clusters))


def grouped(rules: Sequence[SpreadGroup], least: int) -> Rules:
    """Rules by what they speak of: groups, or single clusters, of which there are at least so many in any case."""
    clusters = [rule for rule in rules if rule.key == CLUSTER]
    most = [rule.max_groups for rule in clusters if rule.max_groups is not None]
    return Rules(
        tuple(rule for rule in rules if rule.key != CLUSTER),
        max([least, *(rule.min_groups for rule in clusters)]),
        min(most, default=None),
    )


def groups_of(columns: Columns, key: str) -> tuple[Numbers, tuple[str, ...]]:
    """Per cluster the number of its group, −1 where it is in none; and the groups' names, sorted."""

    def make() -> tuple[Numbers, tuple[str, ...]]:
        found = [group_of(cluster, key) for cluster in columns.clusters]
        values = tuple(sorted({value for value in found if value is not None}))
        number = {value: i for i, value in enumerate(values)}
        return np.array([-1 if value is None else number[value] for value in found], dtype=np.int64), values

    return columns.once(("groups", key), make) if key in _PROPERTIES else columns.domains(key)


def group_of(cluster: Cluster, key: str) -> str | None:
    """The group of one cluster: its label, or for `region`, `zone` and `provider` the one text that the property is."""
    if key in cluster.labels:
        return cluster.labels[key]
    for name in _PROPERTIES.get(key, ()):
        value = cluster.properties[name].value if name in cluster.properties else None
        if isinstance(value, frozenset) and len(value) == 1:
            (value,) = value
        if isinstance(value, str):
            return value
    return None


class Groups:
    """How many of a placement's clusters stand in each group of each rule; `size` is how many there are."""

    def __init__(self, columns: Columns, rules: Rules, clusters: Iterable[int] = ()) -> None:
        self.rules, self.least, self.most, self.size = rules.groups, rules.least, rules.most, 0
        found = [groups_of(columns, rule.key) for rule in self.rules]
        self.codes = [codes for codes, _ in found]
        self.values = [values for _, values in found]
        self.counts = [Counter[int]() for _ in self.rules]
        for cluster in clusters:
            self.add(cluster)

    def add(self, cluster: int, amount: int = 1) -> None:
        """Count a cluster (or take it back, if negative). One without a group counts in none."""
        self.size += amount
        for codes, counts in zip(self.codes, self.counts, strict=True):
            if (code := int(codes[cluster])) >= 0:
                counts[code] += amount
                if not counts[code]:
                    del counts[code]

    def allows(self, cluster: int) -> bool:
        """Whether one more cluster brings no rule above its maximum."""
        return all(self.fills(which, cluster) for which in range(len(self.rules)))

    def fills(self, which: int, cluster: int) -> bool:
        """Whether a cluster's group is in use already, or may still come into use."""
        rule, counts = self.rules[which], self.counts[which]
        return rule.max_groups is None or int(self.codes[which][cluster]) in counts or len(counts) < rule.max_groups

    def lacking(self) -> list[int]:
        """Rules whose minimum is not reached."""
        return [which for which, rule in enumerate(self.rules) if len(self.counts[which]) < rule.min_groups]

    def lacks(self) -> tuple[Lack, ...]:
        """The minimums that are not reached, that of clusters too."""
        found = [
            Lack(self.rules[which].key, self.rules[which].min_groups, len(self.counts[which]))
            for which in self.lacking()
        ]
        if self.size < self.least:
            found.append(Lack(CLUSTER, self.least, self.size))
        return tuple(found)

    def excesses(self) -> list[SpreadGroup]:
        """The rules whose maximum is exceeded."""
        found = [
            rule
            for rule, counts in zip(self.rules, self.counts, strict=True)
            if rule.max_groups is not None and len(counts) > rule.max_groups
        ]
        if self.most is not None and self.size > self.most:
            found.append(SpreadGroup(CLUSTER, max_groups=self.most))
        return found

    def hold(self) -> bool:
        """Whether every rule holds."""
        return self.size >= self.least and not self.lacking() and not self.excesses()

    def exchanges(self, old: int, everywhere: Mask) -> Mask:
        """Clusters that may take the place of one that is counted, so that all rules hold as before."""
        fine = everywhere.copy()
        self.add(old, -1)
        for rule, codes, counts in zip(self.rules, self.codes, self.counts, strict=True):
            new = ~np.isin(codes, list(counts))
            total = len(counts) + new
            fine &= total >= min(rule.min_groups, len(counts) + 1)
            if rule.max_groups is not None:
                fine &= ~new | (total <= rule.max_groups)
        self.add(old)
        return fine


def cover(groups: Groups, clusters: Iterable[int]) -> list[int]:
    """Of some clusters, in order, those that bring a rule nearer to its minimum; counts them."""
    found = []
    for cluster in clusters:
        new = any(int(groups.codes[which][cluster]) not in groups.counts[which] for which in groups.lacking())
        if new or groups.size < groups.least:
            groups.add(cluster)
            found.append(cluster)
    return found
