"""All members at one moment: the only thing a decision may look at besides the requests and the past."""

from dataclasses import dataclass
from datetime import datetime

from kubefleet.model.cluster import Cluster


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`taken_at` is the only clock a decision may use. `clusters` are sorted by name, names are unique."""

    taken_at: datetime
    clusters: tuple[Cluster, ...]

    def cluster(self, name: str) -> Cluster | None:
        """The cluster of that name, or None."""
        return next((cluster for cluster in self.clusters if cluster.name == name), None)
