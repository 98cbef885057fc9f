"""From a declared fleet to decisions: snapshot, schedule, message."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pulumi.output import UNKNOWN

from kubefleet.kube import take_snapshot
from kubefleet.model.cluster import ClusterState
from kubefleet.model.decision import Plan
from kubefleet.model.snapshot import Snapshot
from kubefleet.report.plan_message import plan_message
from kubefleet.resources import _engine, _session
from kubefleet.resources._abandoned import ABANDON
from kubefleet.resources._adapter import Props
from kubefleet.resources._clusters import identify, under_new_names
from kubefleet.resources._data import moving_data
from kubefleet.resources._federation import hub_mistakes, member_under
from kubefleet.resources._inputs import Declaration, all_members, encode_bindings, previous_decisions
from kubefleet.resources._jobs import plan_all
from kubefleet.resources._ordinals import number
from kubefleet.resources._overridden_pods import as_overridden
from kubefleet.resources._overrides import Overridden, bind_overrides
from kubefleet.resources._stray import find_stray
from kubefleet.resources._tainted import Since, tainted_since, with_moments
from kubefleet.resources.keys import redo_key, to_key
from kubefleet.resources.ownership import has_unknown
from kubefleet.spec.follower_kinds import is_follower, is_only_if_missing
from kubefleet.spec.mistakes import Mistake


@dataclass(frozen=True, slots=True)
class Decided:
    """What `Schedule` adds to its inputs, its one message, and mistakes that only the decisions show."""

    inputs: dict[str, Any]
    message: str
    warns: bool
    mistakes: tuple[Mistake, ...] = ()


def decide(declaration: Declaration, olds: Props, news: Props) -> Decided:
    """Take a snapshot of all members and decide for all placements together."""
    if mistakes := hub_mistakes(declaration.identity):
        return Decided({}, "", False, mistakes)
    now = datetime.now(UTC)
    since = tainted_since(declaration.members, declaration.requests, olds.get("tainted") or {}, now)
    declaration = replace(declaration, members=with_moments(declaration.members, since))
    snapshot = _look(declaration, now)
    found = identify(snapshot, declaration.members, olds.get("uids") or {})
    if found.mistakes:
        return Decided({}, "", False, found.mistakes)
    declaration = replace(
        declaration, members=tuple(member for member in declaration.members if member.name not in found.renamed)
    )
    snapshot = replace(
        snapshot, clusters=tuple(cluster for cluster in snapshot.clusters if cluster.name not in found.renamed)
    )
    previous = under_new_names(previous_decisions(olds, news), found)
    uids = frozenset(raw["uid"] for raw in news["placements"].values())
    snapshot = _with_going(snapshot, frozenset({**(olds.get("gone") or {}), **going(olds, news)}) - uids)
    declaration = replace(declaration, requests=as_overridden(declaration.requests, snapshot, olds, news))
    plan, jobs = plan_all(snapshot, declaration, previous, olds, news)
    overridden = bind_overrides(plan, snapshot, olds, news)
    numbered = number(plan, snapshot, olds, news)
    if mistakes := (
        *overridden.mistakes,
        *numbered.mistakes,
        *_shared_objects(plan, overridden, news),
        *moving_data(plan, declaration.requests),
        *jobs.mistakes,
    ):
        return Decided({}, "", False, mistakes)
    planned = frozenset(cluster.name for cluster in snapshot.clusters if cluster.state is ClusterState.PLANNED)
    inputs: dict[str, Any] = {
        to_key(decision.placement): encode_bindings(decision, planned) for decision in plan.decisions
    }
    inputs.update(overridden.inputs)
    inputs.update(numbered.inputs)
    inputs.update(jobs.inputs)
    inputs["uids"] = found.uids
    if since:
        inputs["tainted"] = _as_planned(since, olds) if news.get("preview") else since
    inputs.update(_redo(plan, snapshot, overridden, olds, news))
    inputs["leaving"] = _still_leaving(declaration, snapshot, olds, news)
    inputs["gone"], inputs["stray"] = find_stray(snapshot, olds.get("gone") or {}, going(olds, news), uids)
    unreachable = any(cluster.state is ClusterState.UNREACHABLE for cluster in snapshot.clusters)
    warns = unreachable or any(decision.unplaced for decision in plan.decisions)
    left_out = news.get("left_out") or ()
    message = plan_message(plan, snapshot, declaration.requests, left_out, jobs.lines)
    return Decided(inputs, message, warns or bool(left_out))


def going(olds: Props, news: Props) -> dict[str, str]:
    """Placements of the last run that are no longer declared: uid -> name."""
    before, now = olds.get("placements", {}), news["placements"]
    return {before[name]["uid"]: f"{news['fleet']}/{name}" for name in before if name not in now}


def _with_going(snapshot: Snapshot, uids: frozenset[str]) -> Snapshot:
    """Marks what placements have booked that are removed at the end of this run: it is taken until then."""
    if not uids:
        return snapshot
    clusters = (
        replace(
            cluster,
            bookings=tuple(
                replace(booking, going=True) if booking.uid in uids else booking for booking in cluster.bookings
            ),
        )
        for cluster in snapshot.clusters
    )
    return replace(snapshot, clusters=tuple(clusters))


def _as_planned(since: Since, olds: Props) -> dict[str, dict[str, Any]]:
    """In a preview the moment of a new taint is not known yet: a plan accepts any."""
    before = olds.get("tainted") or {}
    return {
        member: {taint: (before.get(member) or {}).get(taint, UNKNOWN) for taint in taints}
        for member, taints in since.items()
    }


def _look(declaration: Declaration, now: datetime) -> Snapshot:
    """The snapshot; its connections serve the rest of this command."""
    access = {member.name: member.access for member in declaration.members}
    known = {name: why for name in access if (why := _session.unreachable.get((name, access[name])))}

    def silent(name: str, why: str) -> None:
        _session.unreachable[name, access[name]] = why

    settings = declaration.identity
    snapshot, connections = take_snapshot(
        declaration.members,
        taken_at=now,
        requests=[*declaration.requests, *(job.request.request for job in declaration.jobs)],
        known_unreachable=known,
        on_silence=silent,
        cancelled=_engine.cancelled.is_set,
        knowledge=declaration.knowledge,
        look=None if settings is None else lambda member: member_under(settings, member).look(),
    )
    for member in declaration.members:
        if member.name in connections and settings is None:
            _session.keep(member.name, member.access, connections[member.name])
    return _with_way_out(declaration, _with_namespaces_of_joins(declaration, snapshot))


def _with_namespaces_of_joins(declaration: Declaration, snapshot: Snapshot) -> Snapshot:
    """A member that joins in this program has the namespaces of the ceiling before anything is placed there."""
    if declaration.identity is None:
        return snapshot
    made = frozenset(declaration.identity.ceiling.namespaces)
    joining = {member.name for member in declaration.members if member.joins}
    return replace(
        snapshot,
        clusters=tuple(
            replace(cluster, namespaces=cluster.namespaces | made)
            if cluster.name in joining and cluster.namespaces is not None
            else cluster
            for cluster in snapshot.clusters
        ),
    )


def _with_way_out(declaration: Declaration, snapshot: Snapshot) -> Snapshot:
    """Says of members that have left the program and cannot be emptied how they are forgotten."""
    gone = {member.name for member in declaration.members if member.leaving}
    return replace(
        snapshot,
        clusters=tuple(
            replace(cluster, why=f"{cluster.why} (no longer declared: {ABANDON}={cluster.name} forgets it)")
            if cluster.name in gone and cluster.state is ClusterState.UNREACHABLE
            else cluster
            for cluster in snapshot.clusters
        ),
    )


def _redo(plan: Plan, snapshot: Snapshot, overridden: Overridden, olds: Props, news: Props) -> dict[str, Any]:
    """Clusters that are not at the revision that state records: a run died, or somebody else was there. `back` are
    those at another one: they have been rolled back, or were never reached.

    Each appearance has a number of its own, or a second one of the same clusters would look like the first. What went
    back is always a new one: stages that were complete in between are not any more.
    """
    added: dict[str, Any] = {}
    turns = dict(olds.get("turns") or {})
    for decision in plan.decisions:
        name = decision.placement
        # Always there, if empty: what an output lacks counts as unknown in a preview, and would look like a change.
        added[redo_key(name)] = {}
        before, now = olds.get("placements", {}).get(name, {}), news["placements"][name]
        if not now.get("revision") or before.get("revision") != now["revision"]:
            continue
        behind, back = [], []
        for binding in decision.bindings:
            cluster = snapshot.cluster(binding.cluster)
            if binding.cluster not in (olds.get(to_key(name)) or {}) or cluster is None:
                continue
            if cluster.state in {ClusterState.UNREACHABLE, ClusterState.PLANNED}:
                continue
            revision = overridden.revision_on(binding.cluster, name, now["revision"])
            holding = next((held for held in cluster.holdings if held.uid == now["uid"]), None)
            if holding is None or not holding.completed or holding.revision != revision:
                behind.append(binding.cluster)
            if holding is not None and holding.revision != revision:
                back.append(binding.cluster)
        if behind:
            if back or (olds.get(redo_key(name)) or {}).get("clusters") != behind:
                turns[name] = turns.get(name, 0) + 1
            added[redo_key(name)] = {"clusters": behind, "turn": turns.get(name, 1), **({"back": back} if back else {})}
    if turns:
        added["turns"] = turns
    return added


def _still_leaving(declaration: Declaration, snapshot: Snapshot, olds: Props, news: Props) -> dict[str, Any]:
    """Records of leaving members that still hold something of this fleet, or may."""
    records = all_members(olds)
    leaving = {}
    for member in declaration.members:
        cluster = snapshot.cluster(member.name)
        if not member.leaving or cluster is None:
            continue
        holds = any(held.fleet == news["fleet"] for held in cluster.holdings)
        if holds or cluster.state is ClusterState.UNREACHABLE:
            leaving[member.name] = records[member.name]
    return leaving


def _shared_objects(plan: Plan, overridden: Overridden, news: Props) -> tuple[Mistake, ...]:
    """Objects that two placements have on one cluster: only followers may be, and must be the same in both."""
    owners: dict[tuple[str, str], tuple[str, Mapping[str, Any]]] = {}
    mistakes = set()
    for decision in plan.decisions:
        name = decision.placement
        common = _session.manifests.get(news["placements"][name]["uid"], {})
        for binding in decision.bindings:
            for key, item in overridden.manifests.get((name, binding.cluster), common).items():
                if is_only_if_missing(item):
                    continue
                other, content = owners.setdefault((binding.cluster, key), (name, item))
                if other == name:
                    continue
                if not is_follower(item):
                    message = f"`{key}` is on {binding.cluster} by placement `{other}` too (expected one of the two)."
                    mistakes.add(Mistake(f"placements.{name}.manifests", message))
                # What is not known in a preview is compared in the update.
                elif content != item and not has_unknown(item) and not has_unknown(content):
                    message = f"`{key}` differs from the one of placement `{other}` (expected the same content)."
                    mistakes.add(Mistake(f"placements.{name}.manifests", message))
    return tuple(sorted(mistakes, key=str))
