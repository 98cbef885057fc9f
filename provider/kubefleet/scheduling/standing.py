"""What stands: earlier bindings by number of cluster, read once for a plan."""

from dataclasses import dataclass

import numpy as np
from immutabledict import immutabledict

from kubefleet.model.decision import Binding, Previous
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.protocols import Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """Bindings on clusters that the snapshot has, sorted; `places` and `where` are the clusters, by number. `alike` are
    the replicas that all of them have, where they all have the same.
    """

    bindings: tuple[Binding, ...]
    places: list[int]
    where: Numbers
    alike: immutabledict[str, int] | None

    def pods(self, key: str) -> list[int]:
        """Replicas of a workload, by binding."""
        if self.alike is not None:
            return [self.alike.get(key, 0)] * len(self.places)
        return [binding.replicas.get(key, 0) for binding in self.bindings]


def standing_of(columns: Columns, previous: Previous | None) -> Standing | None:
    """None where nothing stands. Cost: a fraction of a microsecond a binding; most plans consist of these."""
    if previous is None or not previous.bindings:
        return None
    bindings = previous.bindings
    found = [columns.index.get(binding.cluster, -1) for binding in bindings]
    where = np.array(found, dtype=np.int64)
    if found[0] < 0 or not (where[1:] > where[:-1]).all():
        there = {place: binding for place, binding in zip(found, bindings, strict=True) if place >= 0}
        found = sorted(there)
        bindings = tuple([there[place] for place in found])
        where = np.array(found, dtype=np.int64)
    if not bindings:
        return None
    same = len({id(binding.replicas) for binding in bindings}) == 1
    return Standing(bindings, found, where, bindings[0].replicas if same else None)
