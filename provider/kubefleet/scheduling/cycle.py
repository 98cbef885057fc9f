"""What filters and scorers may look at while one plan is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from kubefleet.model.request import PodShape, Request, Workload
from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.ledger import Ledger
from kubefleet.scheduling.neighbours import Neighbours
from kubefleet.scheduling.options import Options
from kubefleet.scheduling.protocols import Mask, Numbers
from kubefleet.scheduling.standing import Standing

Grants = Mapping[str, Mapping[int, int]]
"""By placement and cluster, the most new replicas (or copies) that repair leaves it there; where none is named, none.
Placements that are not named are free.
"""


@dataclass(slots=True)
class Cycle:
    """One plan in the making: the snapshot by columns, the ledger, and what earlier decisions of this plan changed.

    `standing` has what was decided before, by placement. `held` counts, by placement, workload and cluster, the pods
    that this placement had or was promised there before this plan, where these are others than what was decided.
    `provided` has, by namespace or API, the clusters on which a placement of this plan puts it. `neighbours` are there
    where any placement has an affinity.
    """

    columns: Columns
    ledger: Ledger
    options: Options
    grants: Grants = field(default_factory=dict)
    held: dict[tuple[str, str], dict[int, int]] = field(default_factory=dict)
    provided: dict[str, Mask] = field(default_factory=dict)
    neighbours: Neighbours | None = None
    standing: dict[str, Standing] = field(default_factory=dict)
    _picture: "Cycle | None" = None

    def held_of(self, request: Request, workload: Workload) -> Mapping[int, int] | None:
        """Pods that a workload holds already, by cluster: they are in the ledger, so a request only takes what it needs
        beyond them. None where it had nothing anywhere.
        """
        held = self.held.get((request.name, workload.key))
        if held is None and (there := self.standing.get(request.name)) is not None:
            return there.held(workload.key)
        return held

    def held_by(self, request: Request, workload: Workload, clusters: Numbers) -> Numbers:
        """Pods of a workload that some clusters hold for it already."""
        held = self.held_of(request, workload)
        if not held:
            return np.zeros(len(clusters), dtype=np.int64)
        if len(clusters) < len(held):
            return np.array([held.get(i, 0) for i in clusters.tolist()], dtype=np.int64)
        pods = np.zeros(len(self.columns), dtype=np.int64)
        pods[list(held)] = list(held.values())
        return pods[clusters]

    def room_for(self, request: Request, workload: Workload, clusters: Numbers) -> Numbers:
        """Pods of a workload that some clusters could have in total: those held, and those that still fit."""
        return self.held_by(request, workload, clusters) + self.ledger.room(workload.pod, clusters)

    def book(
        self, request: Request, clusters: Sequence[int], wanted: Sequence[tuple[Workload, Sequence[int] | int]]
    ) -> None:
        """Take what pods (per given cluster, or everywhere so many) need beyond what the placement holds there: once
        for each workload. What it gives up counts as taken until the next plan: deletes come last.
        """
        places: Numbers | None = None
        missing: list[tuple[PodShape, Numbers]] = []
        for work, pods in wanted:
            held = self.held_of(request, work)
            if held is not None and held == _by_cluster(clusters, pods):
                continue
            places = np.array(clusters, dtype=np.int64) if places is None else places
            amounts = np.full(len(clusters), pods, dtype=np.int64)
            missing.append((work.pod, amounts if held is None else amounts - self.held_by(request, work, places)))
        if places is not None:
            self.ledger.take(places, missing)

    def picture(self) -> "Cycle":
        """The cycle with the free amounts that clusters have now, for scores that are made later. The same object until
        something is booked.
        """
        ledger = self.ledger.picture()
        if self._picture is None or self._picture.ledger is not ledger:
            self._picture = Cycle(
                self.columns,
                ledger,
                self.options,
                held=self.held,
                neighbours=self.neighbours,
                standing=self.standing,
            )
        return self._picture

    def checkpoint(self) -> Callable[[], None]:
        """What takes back everything that is booked and provided from here on. Costs a copy of the ledger."""
        ledger, provided = self.ledger.fork(self.ledger.pods), dict(self.provided)

        def back() -> None:
            self.ledger, self.provided = ledger.fork(ledger.pods), dict(provided)

        return back

    def provide(self, names: frozenset[str], clusters: Sequence[int]) -> None:
        """Count namespaces or APIs as present on clusters that a decision of this plan puts them on."""
        for name in names:
            mask = self.provided.get(name)
            mask = np.zeros(len(self.columns), dtype=np.bool_) if mask is None else mask.copy()
            mask[list(clusters)] = True
            self.provided[name] = mask


def _by_cluster(clusters: Sequence[int], pods: Sequence[int] | int) -> dict[int, int]:
    return dict.fromkeys(clusters, pods) if isinstance(pods, int) else dict(zip(clusters, pods, strict=True))
