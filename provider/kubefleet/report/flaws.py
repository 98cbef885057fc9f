"""Properties that cannot be used, each with why."""

from collections.abc import Collection

from kubefleet.model.property import Flaw
from kubefleet.model.snapshot import Snapshot


def flaw_lines(snapshot: Snapshot, sources: Collection[str] | None = None) -> list[str]:
    """`eu-1: property available-cpu is left out: a node has -3 of it free`, clusters of which the same is to be said in
    one line; by property. With `sources` only properties from there.
    """
    where: dict[tuple[str, str], list[str]] = {}
    for cluster in snapshot.clusters:
        for name, found in cluster.properties.items():
            if isinstance(found.value, Flaw) and (sources is None or found.source in sources):
                where.setdefault((name, found.value.why), []).append(cluster.name)
    return [
        f"{', '.join(sorted(clusters))}: property {name} is left out: {why}"
        for (name, why), clusters in sorted(where.items())
    ]
