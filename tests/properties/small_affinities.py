"""Spread groups and affinities for the placements of `small_fleets`."""

from dataclasses import replace

from dice import Dice, rolled
from hypothesis import strategies as st
from immutabledict import immutabledict
from small_fleets import requests_of

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.policy import PolicyType, SpreadGroup
from kubefleet.model.request import Request

KEYS = ("cluster", "region", "cluster", "region", "tier")
_ALL, _RULES = 500, 90
"""Bytes for the placements, and for what ties them."""
_SELECTORS = (
    *(PlacementSelector(names) for names in (("web",), ("api",), ("job",), ("api", "web"))),
    *(PlacementSelector((), (("app", value),)) for value in ("x", "y")),
)


def group_rules(dice: Dice) -> tuple[SpreadGroup, ...]:
    """At most one of each key; where there is a maximum, it is not below the minimum."""
    rules = []
    for key in dice.one(((), ("region",), (), ("tier",), ("cluster",), ("region", "tier"), ("cluster", "region"))):
        least = dice.number(1, 3)
        rules.append(SpreadGroup(key, least, dice.one((None, least, least + 1))))
    return tuple(rules)


def affinities(dice: Dice) -> tuple[Affinity, ...]:
    """By name or by label, over clusters or labels, required or preferred."""
    rule = Affinity(dice.one(_SELECTORS), dice.one(KEYS), dice.one((0, 0, 30)))
    return (rule,) if dice.one((False, True)) else ()


def tied_requests(dice: Dice, *, groups: bool = True, **options: object) -> tuple[Request, ...]:
    """Several placements with groups, minimums of clusters, labels and affinities."""
    ties, asked = dice.part(_RULES), []
    for request in requests_of(dice, **options):
        mine, policy = ties.part(_RULES // 3), request.policy
        most = policy.number if policy.type is PolicyType.PICK_N else 2
        rules = group_rules(mine.part(5)) if groups and policy.type is not PolicyType.PICK_FIXED else ()
        policy = replace(
            policy,
            spread_groups=tuple(rule for rule in rules if rule.min_groups <= most),
            min_clusters=mine.one((0, 1, 0, min(2, most))) if groups else 0,
            affinity=affinities(mine.part(4)),
            anti_affinity=affinities(mine.part(4)),
        )
        asked.append(replace(request, policy=policy, labels=immutabledict({"app": mine.one(("x", "y"))})))
    return tuple(asked)


def tied(*, groups: bool = True, **options: object) -> st.SearchStrategy[tuple[Request, ...]]:
    return rolled(_ALL + _RULES, lambda dice: tied_requests(dice, groups=groups, **options))
