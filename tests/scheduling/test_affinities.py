"""What case files cannot say of affinities: other stacks' placements, reasons in words, the order of moves."""

from dataclasses import replace

import pytest
from immutabledict import immutabledict
from makers import ALL, NO_EXECUTE, before, best, cluster, counts, moves, named, node, plan, pod, request

from kubefleet.model.affinity import Affinity, PlacementSelector
from kubefleet.model.booking import Booking
from kubefleet.model.policy import Policy, SpreadGroup
from kubefleet.model.reason import Code
from kubefleet.model.request import Request
from kubefleet.model.taint import Toleration
from kubefleet.report.reason_text import reason_text
from kubefleet.scheduling.neighbours import Neighbours
from kubefleet.scheduling.partners import Partners
from kubefleet.scheduling.search import Search

pytestmark = pytest.mark.fast

DB = Affinity(PlacementSelector(("db",)))
OTHERS = Booking("uid-other", "db", "w", 1, labels=immutabledict({"tier": "db"}), fleet="shop")


def beside(*rules: Affinity, number: int = 1, **fields: object) -> Policy:
    return best(number, affinity=rules, **fields)


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        (PlacementSelector(("shop/db",)), True),
        (PlacementSelector(labels=(("tier", "db"),)), True),
        (PlacementSelector(("shop/db",), (("tier", "db"),)), True),
        (PlacementSelector(("shop/db",), (("tier", "web"),)), False),
        (PlacementSelector(("web/db",)), False),
        # A plain name is one of this program.
        (PlacementSelector(("db",)), False),
    ],
)
def test_what_other_stacks_have_booked_counts_by_fleet_and_name_and_by_label(
    selector: PlacementSelector, found: bool
) -> None:
    clusters = [cluster("a"), cluster("b", bookings=(OTHERS,))]
    together = plan(clusters, request("cache", policy=beside(Affinity(selector))))
    assert counts(together.decision("cache")) == ({"b": 1} if found else {})
    apart = plan(clusters, request("cache", policy=best(2, anti_affinity=(Affinity(selector),))))
    assert counts(apart.decision("cache")) == ({"a": 1} if found else {"a": 1, "b": 1})


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        (Affinity(PlacementSelector(labels=(("tier", "web"),))), True),
        (Affinity(PlacementSelector(labels=(("tier", "db"),))), False),
        (Affinity(PlacementSelector(("shop/web",))), True),
        (Affinity(PlacementSelector(("other/web",))), False),
        (Affinity(PlacementSelector(labels=(("tier", "web"),)), weight=50), False),
    ],
)
def test_who_keeps_apart_in_another_stack_refuses_here(rule: Affinity, refused: bool) -> None:
    clusters = [cluster("a", bookings=(replace(OTHERS, apart=(rule,)),)), cluster("b")]
    web = request("web", policy=best(2), fleet="shop", labels=immutabledict({"tier": "web"}))
    decision = plan(clusters, web).decision("web")
    assert counts(decision) == ({"b": 1} if refused else {"a": 1, "b": 1})
    if refused:
        (reason,) = decision.refused["a"]
        assert (reason.code, reason.detail["by"]) == (Code.ANTI_AFFINITY, "shop/db")
    own = replace(web, uid=OTHERS.uid)
    assert counts(plan(clusters, own).decision("web")) == {"a": 1, "b": 1}


def test_a_preference_to_be_apart_in_another_stack_ranks_here() -> None:
    rule = Affinity(PlacementSelector(labels=(("tier", "web"),)), weight=50)
    clusters = [cluster("a", bookings=(replace(OTHERS, apart=(rule,)),)), cluster("b")]
    web = request("web", policy=best(1), labels=immutabledict({"tier": "web"}))
    assert counts(plan(clusters, web).decision("web")) == {"b": 1}


def test_a_placements_own_bookings_are_not_anothers() -> None:
    own = replace(OTHERS, uid="uid-web", placement="web")
    rule = Affinity(PlacementSelector(labels=(("tier", "db"),)))
    web = request("web", policy=best(2, anti_affinity=(rule,)), labels=immutabledict({"tier": "db"}))
    assert counts(plan([cluster("a", bookings=(own,)), cluster("b")], web).decision("web")) == {"a": 1, "b": 1}


def test_moves_of_a_unit_are_listed_together_in_the_order_in_which_they_are_planned() -> None:
    tolerant = (Toleration(operator="Exists"),)
    asked = [
        request("cache", policy=beside(DB, tolerations=tolerant)),
        request("db", policy=best(1)),
        request("crawler", policy=best(1)),
    ]
    was = before(a=1)
    made = plan(
        [cluster("a", taints=(NO_EXECUTE,)), cluster("b")], asked, dict.fromkeys(("cache", "db", "crawler"), was)
    )
    assert [(move.placement, move.why) for move in made.moves] == [
        ("db", "maintenance"),
        ("cache", "maintenance, which moves db"),
        ("crawler", "maintenance"),
    ]
    assert {source for source, *_ in moves(made)} == {"a"}


def test_reasons_say_who_is_missing_who_is_there_and_which_circle_found_no_place() -> None:
    region = Affinity(PlacementSelector(("db", "queue"), (("tier", "x"),)), "region")
    asked = [
        request("db", policy=best(1, anti_affinity=(Affinity(PlacementSelector(("web",))),))),
        request("queue", policy=best(0)),
        request("one", policy=beside(Affinity(PlacementSelector(("two",))), fit="filter")),
        request("two", policy=best(0, affinity=(Affinity(PlacementSelector(("one",))),))),
        request("web", policy=beside(region)),
    ]
    made = plan([cluster("a")], asked)
    told = {
        decision.placement: [reason_text(reason) for reason in decision.refused.get("a", ())]
        for decision in made.decisions
    }
    assert told["web"] == ["not beside db,queue,tier=x in its region", "db keeps apart"]
    assert told["one"] == ["not beside two (no place for the cycle one -> two -> one)"]


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ({"spread_groups": (SpreadGroup("region", 2),)}, "1 of at least 2 groups of region"),
        ({"min_clusters": 3}, "2 of at least 3 clusters fit"),
        ({"spread_groups": (SpreadGroup("zone", 1),)}, "no zone, label or property, to group by"),
    ],
)
def test_what_groups_lack_is_told_in_words(rules: dict[str, object], text: str) -> None:
    made = plan([cluster(name, labels={"region": "eu"}) for name in ("a", "b")], request(policy=best(4, **rules)))
    (reason,) = made.decisions[0].refused["a"]
    assert (reason.code, reason_text(reason)) == (Code.NOT_ENOUGH_GROUPS, text)


@pytest.mark.parametrize("priority", [0, 1])
def test_on_named_clusters_an_affinity_binds_nobody_who_needs_them(priority: int) -> None:
    """web should have job in its region, which d does not have; job needs web, which is there all the same."""
    web = request("web", policy=named("d", affinity=(Affinity(PlacementSelector(("job",)), "region"),)))
    job = request("job", policy=replace(ALL, affinity=(Affinity(PlacementSelector(("web",))),)))
    fleet = [cluster("c", labels={"region": "eu"}), cluster("d")]
    made = plan(fleet, (replace(web, priority=priority), job))
    assert (counts(made.decision("web")), counts(made.decision("job"))) == ({"d": 1}, {"d": 1})


def test_who_is_only_warned_of_room_needs_none_in_a_circle_either() -> None:
    one, two = (
        request(name, policy=replace(ALL, affinity=(Affinity(PlacementSelector((other,))),)), size=pod(cpu="1"))
        for name, other in (("one", "two"), ("two", "one"))
    )
    made = plan([cluster("a", node("1"))], (one, two))
    assert [counts(decision) for decision in made.decisions] == [{"a": 1}, {"a": 1}]


def test_a_circle_of_many_asks_about_a_few_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    possible = Partners.possible

    def counted(self: Partners, one: Request, *given: object) -> object:
        asked.append(one.name)
        return possible(self, one, *given)

    monkeypatch.setattr(Partners, "possible", counted)
    team = Affinity(PlacementSelector(labels=(("team", "a"),)), "region")
    fleet = [cluster(name, node("64"), labels={"region": name}) for name in "abcd"]
    circle = [
        request(f"p{number:02}", policy=beside(team), size=pod(cpu="1"), labels=immutabledict({"team": "a"}))
        for number in range(30)
    ]
    made = plan(fleet, circle)
    on = [place for decision in made.decisions for place in counts(decision)]
    assert len(on) == len(circle)
    assert all(on.count(place) > 1 for place in on)
    # The ways on from one to the next are as many as orders of them.
    assert len(asked) <= 100 * len(circle)


def test_named_clusters_that_break_the_groups_are_warned_of_as_a_whole() -> None:
    rules = (SpreadGroup("region", 2), SpreadGroup("cluster", max_groups=1))
    web = request(policy=named("a", "b", spread_groups=rules))
    made = plan([cluster(name, labels={"region": "eu"}) for name in ("a", "b")], web)
    warnings = [(reason.cluster, reason_text(reason)) for reason in made.decisions[0].warnings]
    assert warnings == [("", "1 of at least 2 groups of region"), ("", "no further cluster (at most 1)")]


def test_a_plan_without_affinities_asks_no_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Neighbours, "__init__", asked)
    monkeypatch.setattr(Search, "__init__", asked)
    assert counts(plan([cluster("a")], request(policy=best(1))).decisions[0]) == {"a": 1}
