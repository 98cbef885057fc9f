"""Spread groups and affinities for the placements of `small_fleets`."""

from dataclasses import replace

from hypothesis import strategies as st
from immutabledict import immutabledict
from small_fleets import several

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.policy import PolicyType, SpreadGroup
from kubefleet.model.request import Request

KEYS = ("cluster", "cluster", "region", "tier")


@st.composite
def group_rules(draw: st.DrawFn) -> tuple[SpreadGroup, ...]:
    """At most one of each key; where there is a maximum, it is not below the minimum."""
    rules = []
    for key in draw(st.lists(st.sampled_from(("cluster", "region", "tier")), unique=True, max_size=2)):
        least = draw(st.integers(1, 3))
        rules.append(SpreadGroup(key, least, draw(st.sampled_from([None, least, least + 1]))))
    return tuple(rules)


@st.composite
def affinities(draw: st.DrawFn) -> tuple[Affinity, ...]:
    """By name or by label, over clusters or labels, required or preferred."""
    selectors = st.one_of(
        st.builds(PlacementSelector, st.sampled_from([("web",), ("api",), ("job",), ("api", "web")])),
        st.builds(lambda value: PlacementSelector((), (("app", value),)), st.sampled_from(["x", "y"])),
    )
    rules = st.builds(Affinity, selectors, st.sampled_from(KEYS), st.sampled_from([0, 0, 30]))
    return tuple(draw(st.lists(rules, max_size=1)))


@st.composite
def tied(draw: st.DrawFn, *, groups: bool = True, **options: object) -> tuple[Request, ...]:
    """Several placements with groups, minimums of clusters, labels and affinities."""
    asked = []
    for request in draw(several(**options)):
        policy = request.policy
        most = policy.number if policy.type is PolicyType.PICK_N else 2
        rules = draw(group_rules()) if groups and policy.type is not PolicyType.PICK_FIXED else ()
        policy = replace(
            policy,
            spread_groups=tuple(rule for rule in rules if rule.min_groups <= most),
            min_clusters=draw(st.integers(0, min(2, most))) if groups else 0,
            affinity=draw(affinities()),
            anti_affinity=draw(affinities()),
        )
        labels = immutabledict({"app": draw(st.sampled_from(["x", "y"]))})
        asked.append(replace(request, policy=policy, labels=labels))
    return tuple(asked)
