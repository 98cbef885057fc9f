"""What placements have left behind that are no longer declared: a member did not answer when they were removed.

Only uids count that this very stack has once placed: names of stacks and fleets may come twice.
"""

from collections.abc import Mapping

from kubefleet.model.cluster import ClusterState
from kubefleet.model.snapshot import Snapshot

Names = dict[str, str]
"""Placement uid -> name."""


def find_stray(
    snapshot: Snapshot, gone_before: Mapping[str, str], going: Mapping[str, str], declared: frozenset[str]
) -> tuple[Names, dict[str, Names]]:
    """`gone`: placements that may still have something somewhere, to be remembered for the next run; and `stray`:
    member -> what it has of those that are gone already. `going` are removed at the end of this run by their own
    resources.
    """
    gone: Names = {uid: name for uid, name in gone_before.items() if uid not in declared}
    stray: dict[str, Names] = {}
    for cluster in snapshot.clusters:
        left = {held.uid: gone[held.uid] for held in cluster.holdings if held.uid in gone and held.uid not in going}
        if left:
            stray[cluster.name] = {uid: left[uid] for uid in sorted(left)}
    silent = any(cluster.state is ClusterState.UNREACHABLE for cluster in snapshot.clusters)
    found = {uid for names in stray.values() for uid in names}
    kept = {uid: name for uid, name in gone.items() if silent or uid in found} | dict(going)
    return {uid: kept[uid] for uid in sorted(kept)}, stray
