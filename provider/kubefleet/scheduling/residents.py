"""Which placements a selector means: those of this plan, found by index, and those that other stacks have booked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import reduce

import numpy as np

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.request import Request
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Numbers


class Residents:
    """Placements by name and by label. Cost of a selector: the placements that it means. `apart` has the
    anti-affinities of other stacks' placements: by rule who bears it (`FLEET/NAME`), and the clusters where.
    """

    def __init__(self, columns: Columns, requests: Sequence[Request]) -> None:
        self._columns = columns
        self._names = {request.name: request.name for request in requests}
        self._names |= {f"{request.fleet}/{request.name}": request.name for request in requests if request.fleet}
        self._labelled: dict[tuple[str, str], set[str]] = defaultdict(set)
        for request in requests:
            for label in request.labels.items():
                self._labelled[label].add(request.name)
        own = frozenset(request.uid for request in requests if request.uid)
        self._others = _others(columns, own)
        self.apart = _apart(columns, own)

    def members(self, selector: PlacementSelector) -> tuple[str, ...]:
        """Names of the plan's own placements that are meant, sorted."""
        sets: list[Iterable[str]] = [self._labelled.get(label, set()) for label in selector.labels]
        if selector.names:
            sets.append({self._names[name] for name in selector.names if name in self._names})
        return tuple(sorted(reduce(lambda one, other: set(one) & set(other), sets))) if sets else ()

    def foreign(self, selector: PlacementSelector) -> Numbers:
        """Per cluster, how many placements of other stacks are meant."""
        found = np.zeros(len(self._columns), dtype=np.int64)
        for (name, labels), places in self._others.items():
            if selector.matches(name, dict(labels)):
                found[places] += 1
        return found


def _others(columns: Columns, own: frozenset[str]) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[int]]:
    """Clusters of what is not the plan's own, by `FLEET/NAME` and labels. What the program has just removed is among
    them until it is gone.
    """
    found: dict[tuple[str, tuple[tuple[str, str], ...]], set[int]] = defaultdict(set)
    for i, cluster in enumerate(columns.clusters):
        for booking in cluster.bookings:
            if booking.uid not in own:
                labels = tuple(sorted(booking.labels.items()))
                found[f"{booking.fleet}/{booking.placement}", labels].add(i)
    return {key: sorted(places) for key, places in sorted(found.items())}


def _apart(columns: Columns, own: frozenset[str]) -> dict[Affinity, tuple[tuple[str, ...], list[int]]]:
    found: dict[Affinity, tuple[set[str], set[int]]] = {}
    for i, cluster in enumerate(columns.clusters):
        for booking in cluster.bookings:
            for rule in booking.apart if booking.uid not in own else ():
                names, places = found.setdefault(rule, (set(), set()))
                names.add(f"{booking.fleet}/{booking.placement}")
                places.add(i)
    return {rule: (tuple(sorted(names)), sorted(places)) for rule, (names, places) in found.items()}
