"""Changes that answer the filters' reasons: every constraint that refuses somebody, left out or made wider."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial

from kubefleet.model.policy import Policy
from kubefleet.model.property import Property, Version
from kubefleet.model.reason import Code, Reason
from kubefleet.model.relaxation import Change, Constraint, make_change
from kubefleet.model.request import Request
from kubefleet.model.selector import ORDERED, Expr, Operator
from kubefleet.model.taint import Effect, Taint
from kubefleet.scheduling.filters.groups import NAME as SPREAD_GROUPS
from kubefleet.scheduling.relax.edits import Edit, limited, tolerating, with_fewer_nodes, with_label, with_property
from kubefleet.scheduling.relax.step import Family, Position, Step
from kubefleet.scheduling.relax.what_if import WhatIf

_STATES = {Code.NOT_READY, Code.CORDONED, Code.DRAINED, Code.LEAVING}
_WIDER = {Operator.GT: Operator.GE, Operator.LT: Operator.LE}


def families_of(what_if: WhatIf) -> list[Family]:
    """Of every constraint that refuses some cluster what it would take to pass them, step by step."""
    exprs = {str(expr): expr for term in what_if.request.policy.required for expr in term.properties}
    found: dict[Change, list[Position]] = {}
    bounds: dict[Expr, list[tuple[Property, Position]]] = {}
    nodes: dict[Change, list[tuple[int, Position]]] = {}
    # Most clusters are refused for the same few reasons.
    changes: dict[tuple[Code, str, Mapping[str, int | str]], Change] = {}
    for i, by_filter in what_if.refusing.items():
        for row, reasons in by_filter.items():
            for which, reason in enumerate(reasons):
                expr = exprs.get(str(reason.detail.get("wanted")))
                have = what_if.columns.clusters[i].properties.get(expr.key) if expr else None
                if reason.code is Code.NODE_REQUIREMENT_UNMET:
                    wanted = make_change(
                        Constraint.NODE_REQUIREMENT, **_only(reason.detail, "wanted", "at_least", "free")
                    )
                    nodes.setdefault(wanted, []).append((int(reason.detail["have"]), (row, i, which)))
                elif expr and have and reason.code is Code.PROPERTY_MISMATCH and _comparable(expr, have):
                    bounds.setdefault(expr, []).append((have, (row, i, which)))
                else:
                    # One of these names the cluster.
                    same = reason.code, reason.cluster if reason.code in _STATES else reason.plugin, reason.detail
                    if same not in changes:
                        changes[same] = _change(reason, what_if.request.policy)
                    found.setdefault(changes[same], []).append((row, i, which))
    alone = [[Step(change, tuple(lifts), edit=_edit(change))] for change, lifts in found.items()]
    return [
        *alone,
        *(_by_bound(expr, seen) for expr, seen in bounds.items()),
        *(_by_nodes(wanted, seen) for wanted, seen in nodes.items()),
    ]


def _change(reason: Reason, policy: Policy) -> Change:
    """What answers one reason; the same change answers all like it."""
    detail = reason.detail
    if reason.code is Code.TAINT_NOT_TOLERATED:
        # Where one is there already its time is over: one more does not help as long as that has its seconds.
        lasting = {"lasts": "ever"} if limited(policy, _taint(detail)) else {}
        return make_change(Constraint.TOLERATION, **_only(detail, "key", "value", "effect"), **lasting)
    if reason.code is Code.LABEL_MISMATCH:
        return make_change(Constraint.LABEL, **_only(detail, "wanted", "seen"))
    if reason.code in {Code.PROPERTY_MISSING, Code.PROPERTY_MISMATCH}:
        return make_change(Constraint.PROPERTY, from_=detail["wanted"], to="any")
    if reason.code is Code.NAMESPACE_MISSING:
        return make_change(Constraint.NAMESPACE, name=detail["name"])
    if reason.code is Code.API_MISSING:
        return make_change(Constraint.API, name=detail["name"])
    if reason.code in {Code.PLUGIN_REFUSED, Code.PLUGIN_FAILED}:
        return make_change(Constraint.FUNCTION, function=detail["function"])
    if reason.code in {Code.AFFINITY_UNMET, Code.ANTI_AFFINITY}:
        return make_change(Constraint.AFFINITY, **_only(detail, "wanted", "by"))
    if reason.code in _STATES:
        return make_change(Constraint.CLUSTER_STATE, cluster=reason.cluster, state=str(reason.code))
    if reason.code is Code.TOPOLOGY_SPREAD:
        return make_change(Constraint.TOPOLOGY_SPREAD, key=detail["key"], to="ScheduleAnyway")
    return make_change(Constraint.RULE, plugin=reason.plugin, code=str(reason.code), **_only(detail, *detail))


def _only(detail: Mapping[str, int | str], *names: str) -> dict[str, int | str]:
    return {name: detail[name] for name in names if name in detail}


def _taint(detail: Mapping[str, int | str]) -> Taint:
    return Taint(str(detail["key"]), str(detail["value"]), Effect(str(detail["effect"])))


def _edit(change: Change) -> Callable[[Request], Request] | None:
    """The request as a user would change it. Of what is not written in a request the reasons are lifted."""
    if change.constraint is Constraint.TOLERATION:
        return partial(_edited, tolerating(_taint(change.detail)))
    if change.constraint is Constraint.LABEL:
        return partial(_edited, with_label(str(change.detail["wanted"]), str(change.detail["seen"])))
    if change.constraint is Constraint.PROPERTY:
        return partial(_edited, with_property(str(change.detail["from"]), None))
    if change.constraint is Constraint.TOPOLOGY_SPREAD:
        return partial(soften, str(change.detail["key"]))
    if change.constraint is Constraint.RULE and change.detail["plugin"] == SPREAD_GROUPS:
        return partial(_ungroup, str(change.detail["key"]))
    return None


def _edited(edit: Edit, request: Request) -> Request:
    return replace(request, policy=edit(request.policy))


def _ungroup(key: str, request: Request) -> Request:
    """The request without the group rule over a key."""
    groups = tuple(group for group in request.policy.spread_groups if group.key != key)
    return replace(request, policy=replace(request.policy, spread_groups=groups))


def soften(key: str, request: Request) -> Request:
    """The request with a preference instead of the rule over a topology key."""
    spreads = tuple(
        replace(spread, hard=False, min_domains=None) if spread.key == key else spread
        for spread in request.policy.topology_spread
    )
    return replace(request, policy=replace(request.policy, topology_spread=spreads))


def _comparable(expr: Expr, have: Property) -> bool:
    return expr.operator in ORDERED and isinstance(have.value, Fraction | Version)


def _by_bound(expr: Expr, seen: list[tuple[Property, Position]]) -> Family:
    """Bounds that let ever more clusters pass: the nearest figure first."""
    upwards = expr.operator in {Operator.LT, Operator.LE}
    ordered = sorted(seen, key=lambda item: (_key(item[0]), item[1]), reverse=not upwards)
    family: dict[object, Step] = {}
    lifts: list[Position] = []
    for have, position in ordered:
        lifts.append(position)
        wider = Expr(expr.key, _WIDER.get(expr.operator, expr.operator), (have.text,))
        change = make_change(Constraint.PROPERTY, from_=str(expr), to=str(wider))
        # Of figures that are equal the first one stands for all.
        first = family.get(_key(have))
        edit = first.edit if first else partial(_edited, with_property(str(expr), wider))
        family[_key(have)] = Step(first.change if first else change, tuple(lifts), edit=edit)
    return list(family.values())


def _by_nodes(wanted: Change, seen: list[tuple[int, Position]]) -> Family:
    """Ever fewer nodes that are asked for: as many as the cluster with the most has first."""
    family: dict[int, Step] = {}
    lifts: list[Position] = []
    what, free, before = str(wanted.detail["wanted"]), int(wanted.detail["free"]), int(wanted.detail["at_least"])
    for have, position in sorted(seen, key=lambda item: (-item[0], item[1])):
        lifts.append(position)
        change = make_change(Constraint.NODE_REQUIREMENT, wanted=what, free=free, from_=before, to=have)
        edit = partial(_edited, with_fewer_nodes(what, bool(free), before, have))
        family[have] = Step(change, tuple(lifts), edit=edit)
    return list(family.values())


def _key(have: Property) -> tuple[Fraction, ...]:
    if isinstance(have.value, Version):
        return tuple(Fraction(number) for number in have.value.numbers)
    return (have.value,) if isinstance(have.value, Fraction) else ()
