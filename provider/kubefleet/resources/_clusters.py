"""Which cluster a member really is, by the uid of its kube-system namespace: a name may come to mean another cluster,
and one cluster may have two names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pulumi.output import UNKNOWN

from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Binding, Previous
from kubefleet.model.member import Member
from kubefleet.model.snapshot import Snapshot
from kubefleet.spec.mistakes import Mistake


@dataclass(frozen=True, slots=True)
class Identified:
    """`uids` by member, as the next run compares them; `renamed` leads from members that are no longer declared to the
    name that the same cluster has now; `replaced` are members that mean another cluster, which the user accepts.
    """

    uids: Mapping[str, Any]
    renamed: Mapping[str, str]
    replaced: frozenset[str]
    mistakes: tuple[Mistake, ...]


def identify(snapshot: Snapshot, members: tuple[Member, ...], before: Mapping[str, Any]) -> Identified:
    """Compare the snapshot with the uids of the last run. A member that gives no answer is who it was."""
    leaving = {member.name for member in members if member.leaving}
    accepted = {member.name for member in members if member.accept_new_uid}
    uids: dict[str, Any] = {}
    names: dict[str, str] = {}
    renamed: dict[str, str] = {}
    replaced: set[str] = set()
    mistakes: list[Mistake] = []
    for cluster in sorted(snapshot.clusters, key=lambda cluster: (cluster.name in leaving, cluster.name)):
        name, path = cluster.name, f"members.{cluster.name}"
        known = before.get(name)
        if cluster.state is ClusterState.PLANNED:
            uids[name] = UNKNOWN
            continue
        if name not in leaving and (cluster.uid or known):
            uids[name] = cluster.uid or known
        if not cluster.uid:
            continue
        other = names.setdefault(cluster.uid, name)
        if name in leaving:
            renamed |= {name: other} if other != name else {}
        elif other != name:
            mistakes.append(Mistake(path, f"it is the same cluster as `{other}` (expected another one). Remove one."))
        elif known and known != cluster.uid and name in accepted:
            replaced.add(name)
        elif known and known != cluster.uid:
            mistakes.append(Mistake(path, _OTHER.format(cluster.uid, known)))
    return Identified(uids, renamed, frozenset(replaced), tuple(mistakes))


_OTHER = (
    "it means another cluster than in the last run (kube-system has uid {}, was {}). Give the new one a name of its "
    "own, or set accept_new_uid=True: what the old cluster had is then taken for gone."
)


def under_new_names(previous: Mapping[str, Previous], found: Identified) -> dict[str, Previous]:
    """Earlier decisions in today's names; those on replaced clusters are no more."""
    now = {}
    for placement, decided in previous.items():
        kept: dict[str, Binding] = {}
        for binding in decided.bindings:
            name = found.renamed.get(binding.cluster, binding.cluster)
            if name not in found.replaced:
                kept.setdefault(name, replace(binding, cluster=name))
        now[placement] = replace(decided, bindings=tuple(kept[name] for name in sorted(kept)))
    return now
