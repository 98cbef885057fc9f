"""Overrides of a placement, from what the program has written to the objects of each cluster."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pulumi.output import UNKNOWN

from kubefleet.model.cluster import Cluster, ClusterState
from kubefleet.model.decision import Plan
from kubefleet.model.override import Bound, Override
from kubefleet.model.snapshot import Snapshot
from kubefleet.overrides.bind import bind, needs_properties
from kubefleet.overrides.flaw import Flaw
from kubefleet.overrides.record import decode_bound, encode_bound, revision_on
from kubefleet.overrides.tailor import Guard, tailored
from kubefleet.resources import _session
from kubefleet.resources._adapter import Props
from kubefleet.resources.keys import overrides_key
from kubefleet.resources.ownership import has_unknown
from kubefleet.resources.stage import is_divided
from kubefleet.spec.mistakes import Mistake, MistakesError, join
from kubefleet.spec.ordinals import with_start
from kubefleet.spec.override import parse_overrides
from kubefleet.spec.override_limits import limits

Manifests = Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class Overridden:
    """`inputs` are the computed ones of `Schedule`; `manifests` those of a placement on a cluster, where it has any of
    its own.
    """

    inputs: dict[str, Any] = field(default_factory=dict)
    manifests: dict[tuple[str, str], Manifests] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def revision_on(self, cluster: str, placement: str, revision: str) -> str:
        """The placement's revision, as the cluster is to have it."""
        records = self.inputs.get(overrides_key(placement))
        return revision_on(revision, decode_bound(records.get(cluster) if isinstance(records, dict) else None))


def overrides_of(uid: str) -> tuple[Override, ...]:
    """The rules of a placement. Raises MistakesError: what `Schedule.check` has found fine is never left out."""
    mistakes: list[Mistake] = []
    rules = parse_overrides(_session.overrides.get(uid), "overrides", (), mistakes)
    if mistakes:
        raise MistakesError(mistakes)
    return rules


def own_manifests(news: Props) -> dict[str, Manifests]:
    """From the inputs of `Stage` and `Settle`: the manifests of each cluster where an override holds, or where numbers
    of pods do not begin with 0.
    """
    uid, records = news["uid"], _records(news)
    rules = overrides_of(uid) if records else ()
    manifests, guard = _session.manifests[uid], _guard(news)
    return _numbered(
        news, manifests, {name: tailored(manifests, rules, bound, guard)[0] for name, bound in records.items()}
    )


def own_manifests_before(olds: Props, uid: str) -> dict[str, Manifests]:
    """The same of the last run; nothing of rules that cannot be read any more."""
    records = _records(olds)
    rules = parse_overrides(_session.overrides_before.get(uid), "overrides", (), [])
    guard, manifests = _guard(olds), _session.before.get(uid, {})
    bounds = records.items() if rules else ()
    return _numbered(olds, manifests, {name: tailored(manifests, rules, bound, guard)[0] for name, bound in bounds})


def _numbered(props: Props, manifests: Manifests, own: Mapping[str, Manifests]) -> dict[str, Manifests]:
    starts = props.get("ordinals")
    found = dict(own)
    for name, start in starts.items() if isinstance(starts, Mapping) else ():
        if start and not has_unknown(start):
            found[name] = with_start(found.get(name, manifests), start)
    return found


def _guard(news: Props) -> Guard:
    return limits(divided=is_divided(news))


def own_revisions(news: Props) -> dict[str, str]:
    """What these clusters record for the revision."""
    return {name: revision_on(news["revision"], bound) for name, bound in _records(news).items()}


def _records(news: Props) -> dict[str, Bound]:
    """What holds, by cluster; nothing of what is not known in this preview."""
    records = news.get("overrides")
    found = {name: decode_bound(records[name]) for name in sorted(records)} if isinstance(records, dict) else {}
    return {name: bound for name, bound in found.items() if bound.rules}


def bind_overrides(plan: Plan, snapshot: Snapshot, olds: Props, news: Props) -> Overridden:
    """What holds where, and everything that does not fit there."""
    found = Overridden()
    for decision in plan.decisions:
        name, raw = decision.placement, news["placements"][decision.placement]
        if raw["uid"] not in _session.overrides:
            continue
        rules = overrides_of(raw["uid"])
        divided = is_divided(raw)
        records: dict[str, Any] = {}
        flaws: list[tuple[str, Flaw]] = []
        for binding in decision.bindings:
            cluster = snapshot.cluster(binding.cluster)
            if cluster is None:
                continue
            known, bound, lacking = _bound(rules, cluster, _before(name, binding.cluster, olds, news))
            records[cluster.name] = encode_bound(bound) if known else UNKNOWN
            manifests, unfit = tailored(_session.manifests[raw["uid"]], rules, bound, limits(divided=divided))
            found.manifests[name, cluster.name] = manifests
            flaws += [(cluster.name, flaw) for flaw in (*lacking, *unfit)]
        unknown = _session.overrides[raw["uid"]] is None
        found.inputs[overrides_key(name)] = UNKNOWN if unknown else records
        found.mistakes += _mistakes(flaws, f"placements.{name}.overrides", _session.manifests[raw["uid"]])
    return found


def bound_on(rules: Sequence[Override], name: str, cluster: Cluster, olds: Props, news: Props) -> Bound:
    """What holds of a placement's rules on a cluster, as far as it is known."""
    return _bound(rules, cluster, _before(name, cluster.name, olds, news))[1]


def _before(name: str, cluster: str, olds: Props, news: Props) -> Any:
    """What held there in the last run, if these are the same rules."""
    before = olds.get("placements", {}).get(name, {})
    same = before.get("revision") == news["placements"][name].get("revision")
    return (olds.get(overrides_key(name)) or {}).get(cluster) if same else None


def _bound(rules: Sequence[Override], cluster: Cluster, before: Any) -> tuple[bool, Bound, list[Flaw]]:
    """Whether it is known what holds on a cluster, what does, and what is wrong with it. Of a member that gives no
    answer nothing is measured: there it is what it was.
    """
    silent = cluster.state in {ClusterState.UNREACHABLE, ClusterState.PLANNED}
    if silent and before is not None:
        return True, decode_bound(before), []
    bound, flaws = bind(rules, cluster)
    if silent and needs_properties(rules):
        return False, Bound(), []
    return True, bound, flaws


def _mistakes(flaws: Sequence[tuple[str, Flaw]], path: str, manifests: Manifests) -> list[Mistake]:
    """One for each place and reason, with the clusters that it shows on. An object of which something is not known in
    this preview is not judged.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for cluster, flaw in flaws:
        if flaw.object and has_unknown(manifests.get(flaw.object)):
            continue
        found.setdefault((join(path, *flaw.steps), flaw.object, flaw.why), []).append(cluster)
    return [
        Mistake(where, f"`{key}` on {', '.join(names)}: {why}" if key else why)
        for (where, key, why), names in found.items()
    ]
