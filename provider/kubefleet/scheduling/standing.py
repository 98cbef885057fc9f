"""What stands: earlier bindings by number of cluster, read once for a plan."""

from collections.abc import Collection
from dataclasses import dataclass
from operator import lt

import numpy as np

from kubefleet.model.decision import Binding, Previous
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Numbers

_FEW = 8
"""So many are looked through as fast as a set."""


@dataclass(slots=True, eq=False)
class Standing:
    """Bindings on clusters that the snapshot has, sorted; `places`, `where` and `on` are the clusters, by number.
    `replicas` are those of every binding, `distinct` each of these once. Placements that stand alike may share it, and
    nobody changes it.
    """

    bindings: tuple[Binding, ...]
    places: list[int]
    replicas: list[dict[str, int]]
    distinct: list[dict[str, int]]
    on: Collection[int]
    _held: dict[str, dict[int, int]] | None = None
    _where: Numbers | None = None

    @property
    def where(self) -> Numbers:
        """The clusters as an array."""
        if self._where is None:
            self._where = np.array(self.places, dtype=np.int64)
        return self._where

    @property
    def alike(self) -> dict[str, int] | None:
        """The replicas of all bindings, where they have the same."""
        return self.distinct[0] if len(self.distinct) == 1 else None

    def pods(self, key: str) -> list[int]:
        """Replicas of a workload, by place."""
        if len(self.distinct) == 1:
            return [self.distinct[0].get(key, 0)] * len(self.places)
        return [replicas.get(key, 0) for replicas in self.replicas]

    def held(self, key: str) -> dict[int, int]:
        """The same by cluster."""
        if self._held is None:
            self._held = {}
        if key not in self._held:
            self._held[key] = dict(zip(self.places, self.pods(key), strict=True))
        return self._held[key]


class Standings:
    """Reads what stands of one placement after the other. Decisions that are alike mostly share their bindings, and
    bindings their replicas: each is read once.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._read: dict[int, tuple[tuple[Binding, ...], Standing | None]] = {}
        self._plain: dict[int, dict[str, int]] = {}

    def of(self, previous: Previous | None) -> Standing | None:
        """None where nothing stands."""
        if previous is None or not previous.bindings:
            return None
        which = id(previous.bindings)
        if which not in self._read:
            # The bindings are held too, so that no others can have their id.
            self._read[which] = previous.bindings, self._of(previous.bindings)
        return self._read[which][1]

    def _of(self, bindings: tuple[Binding, ...]) -> Standing | None:
        index = self._columns.index
        places = [index.get(binding.cluster, -1) for binding in bindings]
        if places[0] < 0 or not all(map(lt, places, places[1:])):
            there = {place: binding for place, binding in zip(places, bindings, strict=True) if place >= 0}
            places = sorted(there)
            bindings = tuple([there[place] for place in places])
        if not bindings:
            return None
        try:
            replicas = [self._plain[id(binding.replicas)] for binding in bindings]
        except KeyError:
            # The bindings, which are held, hold them.
            self._plain |= {id(one.replicas): dict(one.replicas.items()) for one in bindings}
            replicas = [self._plain[id(binding.replicas)] for binding in bindings]
        distinct = list({id(some): some for some in replicas}.values()) if len(replicas) > 1 else replicas
        return Standing(bindings, places, replicas, distinct, places if len(places) < _FEW else frozenset(places))
