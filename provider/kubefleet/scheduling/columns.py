"""The snapshot by columns: one array element per cluster, worked out once per distinct label, term or toleration."""

from collections.abc import Callable, Hashable
from fractions import Fraction
from math import lcm
from typing import TypeVar, cast

import numpy as np

from kubefleet.model.policy import Nodes, Term
from kubefleet.model.property import Property
from kubefleet.model.selector import Expr
from kubefleet.model.snapshot import Snapshot
from kubefleet.scheduling.node_requirement import where_enough
from kubefleet.scheduling.protocols import Mask, Numbers, Scores, Verdict

T = TypeVar("T")
_NOT_MADE = object()
_EXACT = 2**40
"""Numbers up to this can be multiplied by a weight and doubled within int64."""


class Columns:
    """Clusters sorted by name; every array follows that order. Whatever is derived is made once and then shared.

    `no_refusal` is what every filter says that has nothing against any cluster.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.clusters = tuple(sorted(snapshot.clusters, key=lambda cluster: cluster.name))
        self.names = tuple(cluster.name for cluster in self.clusters)
        self._everywhere: Mask = np.ones(len(self.names), dtype=np.bool_)
        self.no_refusal = Verdict(self._everywhere, lambda _: ())
        self._nothing: Scores = np.zeros(len(self.names), dtype=np.int8)
        self.places = np.arange(len(self.names), dtype=np.int64)
        self.index = {name: i for i, name in enumerate(self.names)}
        self.now = snapshot.taken_at
        self._made: dict[Hashable, object] = {}
        self._numbers: dict[Hashable, int] = {}
        self._objects: dict[int, tuple[Hashable, int]] = {}

    def __len__(self) -> int:
        return len(self.names)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made at the first call with this key. The caller must not change it."""
        found = self._made.get(key, _NOT_MADE)
        if found is _NOT_MADE:
            found = self._made[key] = make()
        return cast("T", found)

    def number(self, value: Hashable) -> int:
        """Stands for a value in keys: the same for equal ones. A policy takes long to hash, but most are one object."""
        same = self._objects.get(id(value))
        if same is None:
            # The object is held too, so that no other can have its id.
            same = self._objects[id(value)] = value, self._numbers.setdefault(value, len(self._numbers))
        return same[1]

    def mask(self, values: list[bool]) -> Mask:
        """A mask from one boolean per cluster."""
        return self.everywhere() if all(values) else np.array(values, dtype=np.bool_)

    def everywhere(self) -> Mask:
        """The mask of all clusters."""
        return self._everywhere

    def nothing(self) -> Scores:
        """The scores of a scorer that has nothing to say: always the same object, of which plans keep many."""
        return self._nothing

    def both(self, one: Mask, other: Mask) -> Mask:
        """Where both hold. Masks that refuse nobody are one object, so that most plans share most masks."""
        if other is self.everywhere() or one is other:
            return one
        return other if one is self.everywhere() else one & other

    def where_label(self, expr: Expr) -> Mask:
        """Clusters whose labels satisfy the expression."""
        return self.once(
            ("label", expr), lambda: self.mask([expr.matches_labels(cluster.labels) for cluster in self.clusters])
        )

    def where_property(self, expr: Expr) -> Mask:
        """Clusters whose properties satisfy the expression."""
        return self.once(
            ("property", expr),
            lambda: self.mask([expr.matches_property(cluster.properties.get(expr.key)) for cluster in self.clusters]),
        )

    def where_nodes(self, wanted: Nodes) -> Mask:
        """Clusters that have the nodes of a requirement."""
        return self.once(("nodes", wanted), lambda: self.mask(where_enough(self.clusters, wanted)))

    def where_described(self, term: Term) -> Mask:
        """Clusters for whose labels and properties everything in the term holds, whatever their nodes are."""

        def make() -> Mask:
            passed = self.everywhere().copy()
            for expr in term.labels:
                passed &= self.where_label(expr)
            for expr in term.properties:
                passed &= self.where_property(expr)
            return passed

        return self.once(("described", term), make)

    def where_equipped(self, term: Term) -> Mask:
        """Clusters that have all nodes that the term requires, whatever their labels and properties are."""
        passed = self.everywhere()
        for wanted in term.nodes:
            passed = self.both(passed, self.where_nodes(wanted))
        return passed

    def where_term(self, term: Term) -> Mask:
        """Clusters for which everything in the term holds."""
        described = self.where_described(term)
        return self.both(described, self.where_equipped(term)) if term.nodes else described

    def domains(self, key: str) -> tuple[Numbers, tuple[str, ...]]:
        """Per cluster the number of its value of a label, −1 where it has none; and the values, sorted."""

        def make() -> tuple[Numbers, tuple[str, ...]]:
            values = tuple(sorted({cluster.labels[key] for cluster in self.clusters if key in cluster.labels}))
            number = {value: i for i, value in enumerate(values)}
            codes = [number[cluster.labels[key]] if key in cluster.labels else -1 for cluster in self.clusters]
            return np.array(codes, dtype=np.int64), values

        return self.once(("domains", key), make)

    def numbers(self, name: str) -> tuple[Mask, Numbers]:
        """Where a property is a number, and the numbers: all scaled by one factor to integers, so exact.

        Integers too large for 64-bit arithmetic come as an array of Python's.
        """

        def make() -> tuple[Mask, Numbers]:
            values = [_number(cluster.properties.get(name)) for cluster in self.clusters]
            factor = lcm(*(value.denominator for value in values if value is not None))
            whole = [0 if value is None else int(value * factor) for value in values]
            large = any(abs(value) > _EXACT for value in whole)
            return self.mask([value is not None for value in values]), np.array(
                whole, dtype=object if large else np.int64
            )

        return self.once(("numbers", name), make)


def _number(found: Property | None) -> Fraction | None:
    return found.value if found is not None and isinstance(found.value, Fraction) else None
