"""Changes of what the policy asks for: more skew, fewer domains, more clusters, a higher maximum, or less."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from immutabledict import immutabledict

from kubefleet.model.policy import PolicyType, SpreadGroup, TopologySpread
from kubefleet.model.relaxation import Constraint, make_change
from kubefleet.model.request import Request
from kubefleet.scheduling.relax.reasons import soften
from kubefleet.scheduling.relax.step import Family, Step
from kubefleet.scheduling.relax.what_if import WhatIf

_MOST = 1000
"""Steps of one family: more skew than that is no spread."""
_FEW = 3
"""Clusters whose maximum is tried."""


def spread_families(what_if: WhatIf) -> Iterator[Family]:
    """Of every `DoNotSchedule`: a larger skew, fewer domains, a preference instead."""
    for spread in what_if.request.policy.topology_spread:
        if not spread.hard:
            continue
        most = min(what_if.missing, _MOST)
        yield [_skew(spread, more) for more in range(1, most + 1)]
        if spread.min_domains:
            yield [_domains(spread, fewer) for fewer in range(spread.min_domains - 1, 0, -1)]
        change = make_change(Constraint.TOPOLOGY_SPREAD, key=spread.key, to="ScheduleAnyway")
        yield [Step(change, edit=partial(soften, spread.key))]


def _skew(spread: TopologySpread, more: int) -> Step:
    to = spread.max_skew + more
    change = make_change(Constraint.TOPOLOGY_SPREAD, key=spread.key, from_=spread.max_skew, to=to)
    return Step(change, edit=partial(_with_spread, replace(spread, max_skew=to)))


def _domains(spread: TopologySpread, to: int) -> Step:
    change = make_change(Constraint.MIN_DOMAINS, key=spread.key, from_=spread.min_domains or 0, to=to)
    return Step(change, edit=partial(_with_spread, replace(spread, min_domains=to)))


def _with_spread(wider: TopologySpread, request: Request) -> Request:
    spreads = tuple(wider if spread.key == wider.key else spread for spread in request.policy.topology_spread)
    return replace(request, policy=replace(request.policy, topology_spread=spreads))


def group_families(what_if: WhatIf) -> Iterator[Family]:
    """Of every group rule: fewer groups at least, more at most; and fewer clusters at least."""
    policy = what_if.request.policy
    for group in policy.spread_groups:
        lower = [
            _group(replace(group, min_groups=to), "min", group.min_groups) for to in range(group.min_groups - 1, 0, -1)
        ]
        yield lower
        if group.max_groups is not None:
            most = min(what_if.missing, _MOST)
            yield [
                _group(replace(group, max_groups=group.max_groups + more), "max", group.max_groups)
                for more in range(1, most + 1)
            ]
    yield [_min_clusters(policy.min_clusters, to) for to in range(policy.min_clusters - 1, 0, -1)]


def _group(wider: SpreadGroup, bound: str, before: int) -> Step:
    def edit(request: Request) -> Request:
        groups = tuple(wider if group.key == wider.key else group for group in request.policy.spread_groups)
        return replace(request, policy=replace(request.policy, spread_groups=groups))

    to = wider.min_groups if bound == "min" else wider.max_groups or 0
    return Step(make_change(Constraint.SPREAD_GROUPS, key=wider.key, bound=bound, from_=before, to=to), edit=edit)


def _min_clusters(before: int, to: int) -> Step:
    def edit(request: Request) -> Request:
        return replace(request, policy=replace(request.policy, min_clusters=to))

    return Step(make_change(Constraint.MIN_CLUSTERS, from_=before, to=to), edit=edit)


def number_families(what_if: WhatIf) -> Iterator[Family]:
    """Of divided replicas: more clusters to divide them over, more of them on one."""
    request = what_if.request
    if not request.divides or request.divided is None:
        return
    number, able = request.policy.number, int(what_if.now.passed.sum())
    if request.policy.type is PolicyType.PICK_N:
        yield [_clusters(number, to) for to in range(number + 1, min(able, number + _MOST) + 1)]
    bound = [name for name in request.divided.max if name in what_if.columns.index]
    free = [name for name in sorted(bound) if what_if.now.passed[what_if.columns.index[name]]]
    for name in free[:_FEW]:
        most = request.divided.max[name]
        yield [_maximum(name, most, more) for more in range(1, min(what_if.missing, _MOST) + 1)]


def _clusters(number: int, to: int) -> Step:
    def edit(request: Request) -> Request:
        return replace(request, policy=replace(request.policy, number=to))

    return Step(make_change(Constraint.CLUSTERS, from_=number, to=to), edit=edit)


def _maximum(name: str, most: int, more: int) -> Step:
    def edit(request: Request) -> Request:
        divided = request.divided
        if divided is None:
            return request
        return replace(request, divided=replace(divided, max=immutabledict({**divided.max, name: most + more})))

    return Step(make_change(Constraint.MAXIMUM, cluster=name, from_=most, to=most + more), edit=edit)


def less(what_if: WhatIf) -> Family:
    """What is placed is all that is asked for. Of several divided workloads that cannot be said in one number."""
    request = what_if.request
    if request.divides:
        parts = [work.replicas for work in request.workloads if work.divisible]
        asked = parts[0] if len(parts) == 1 else 0
    else:
        asked = request.policy.number if request.policy.type is PolicyType.PICK_N else 0
    to = asked - what_if.missing
    return [Step(make_change(Constraint.NUMBER, from_=asked, to=to))] if to > 0 else []
