"""A budget over the whole fleet: what may run next, and that no order of events breaks the promise."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from immutabledict import immutabledict

from kubefleet.model.strategy import Budget, Share, SpreadUpdate
from kubefleet.rollout.planner import Action
from kubefleet.rollout.pods import Pods
from kubefleet.rollout.spread_planner import Goal, Site, available, least_during, next_steps

pytestmark = pytest.mark.fast


def goal(target, *, least=None, surge=2):
    strategy = SpreadUpdate(max_surge=Share(surge), min_available=None if least is None else Share(least))
    return Goal({name: {"web": count} for name, count in target.items()}, "new", strategy)


def site(replicas, available=None, revision="new", **more):
    more.setdefault("at_once", max(1, replicas // 4))
    here = replicas if available is None else available
    return Site({"web": Pods(replicas, here, revision, **more)}, revision)


def shape(steps):
    return [(step.cluster, step.action.value, step.replicas["web"]) for step in steps]


@pytest.mark.parametrize(
    ("strategy", "desired", "budget"),
    [
        (SpreadUpdate(), 12, Budget(9, 3)),
        (SpreadUpdate(), 10, Budget(8, 3)),
        (SpreadUpdate(), 3, Budget(3, 1)),
        (SpreadUpdate(), 1, Budget(1, 1)),
        (SpreadUpdate(), 0, Budget(0, 0)),
        (SpreadUpdate(Share(0), Share(0)), 4, Budget(3, 0)),
        (SpreadUpdate(Share(10, percent=True), Share(0)), 4, Budget(3, 0)),
        (SpreadUpdate(Share(0), Share(1)), 4, Budget(4, 1)),
        (SpreadUpdate(Share(9), Share(1)), 4, Budget(0, 1)),
        (SpreadUpdate(max_surge=Share(2), min_available=Share(10)), 12, Budget(10, 2)),
        (SpreadUpdate(max_surge=Share(2), min_available=Share(75, percent=True)), 10, Budget(8, 2)),
    ],
)
def test_budgets_are_rounded_as_kubernetes_rounds(strategy, desired, budget):
    assert strategy.budget("Deployment/shop/web", desired) == budget


@pytest.mark.parametrize(
    ("sites", "wanted", "steps"),
    [
        # What is new comes all at once.
        ({}, goal({"a": 6, "b": 6}), [("a", "create", 6), ("b", "create", 6)]),
        # A move: first more, as far as the surge goes ...
        ({"a": site(6), "b": site(6)}, goal({"b": 6, "c": 6}, least=10), [("c", "create", 2)]),
        # ... then fewer, as many as others stand for.
        ({"a": site(6), "b": site(6), "c": site(2)}, goal({"b": 6, "c": 6}, least=10), [("a", "scale down", 4)]),
        ({"a": site(4), "b": site(6), "c": site(2)}, goal({"b": 6, "c": 6}, least=10), [("c", "scale up", 4)]),
        # The new pods are not available yet and two are lost elsewhere: nothing more is taken down.
        ({"a": site(6), "b": site(6, 4), "c": site(2, 0)}, goal({"b": 6, "c": 6}, least=10), []),
        # One lost: one may go.
        ({"a": site(6), "b": site(6, 5), "c": site(2, 0)}, goal({"b": 6, "c": 6}, least=10), [("a", "scale down", 5)]),
        # Without a surge the other way round.
        ({"a": site(6), "b": site(6)}, goal({"b": 12}, least=10, surge=0), [("a", "scale down", 4)]),
        ({"a": site(4), "b": site(6)}, goal({"b": 12}, least=10, surge=0), [("b", "scale up", 8)]),
        # Fewer in all: what is surplus goes, as far as the budget has it.
        (
            {"a": site(6), "b": site(6)},
            goal({"a": 2, "b": 2}, least=4),
            [("a", "scale down", 2), ("b", "scale down", 2)],
        ),
        # Updates in place run together while their costs fit: 1 + 1 of 2.
        (
            {"a": site(4, revision="old"), "b": site(4, revision="old"), "c": site(4, revision="old")},
            goal({"a": 4, "b": 4, "c": 4}, least=10),
            [("a", "update", 4), ("b", "update", 4)],
        ),
        # A broken copy is mended at once, and for nothing.
        (
            {"a": site(4, 0, "old"), "b": site(4, revision="old"), "c": site(4, revision="old")},
            goal({"a": 4, "b": 4, "c": 4}, least=10),
            [("a", "update", 4)],
        ),
        # An update under way is charged until its pods are back.
        (
            {"a": site(4, steady=False), "b": site(4, revision="old"), "c": site(4, revision="old")},
            goal({"a": 4, "b": 4, "c": 4}, least=11),
            [],
        ),
        # The template and the replicas change one after the other.
        ({"a": site(2, revision="old"), "b": site(2)}, goal({"a": 4, "b": 2}, least=3), [("a", "update", 2)]),
        # Recreate takes all of them: 6 do not fit.
        ({"a": site(6, revision="old", at_once=6), "b": site(6)}, goal({"a": 6, "b": 6}, least=10), []),
        ({"a": site(6), "b": site(6)}, goal({"a": 6, "b": 6}), []),
    ],
)
def test_what_may_run_next(sites, wanted, steps):
    assert shape(next_steps(sites, wanted)) == steps


def test_a_cluster_that_cannot_be_read_counts_as_running_and_as_unavailable():
    sites = {"a": site(6), "c": site(2)}
    wanted = goal({"b": 6, "c": 6}, least=8)
    assert shape(next_steps(sites, wanted, {"b": {"web": 6}})) == []
    assert shape(next_steps(sites, goal({"b": 6, "c": 6}, least=6), {"b": {"web": 6}})) == [("a", "scale down", 4)]


def test_several_workloads_have_each_its_budget():
    def both(web, db):
        return {"web": Pods(4, web, "old", at_once=1), "db": Pods(3, db, "old", at_once=1, ordered=True)}

    target = {name: {"web": 4, "db": 3} for name in "ab"}
    wanted = Goal(target, "new", SpreadUpdate(Share(1), Share(1)))
    assert [
        step.cluster for step in next_steps({"a": Site(both(4, 3), "old"), "b": Site(both(4, 3), "old")}, wanted)
    ] == ["a"]
    # One of `db` is down: no other may be, although all of `web` are there.
    assert next_steps({"a": Site(both(4, 3), "old"), "b": Site(both(4, 2), "old")}, wanted) == ()


def test_one_workload_may_have_another_budget():
    strategy = SpreadUpdate(Share(1), Share(1), own=immutabledict(db=SpreadUpdate(Share(0), Share(2))))
    assert strategy.budget("Deployment/shop/web", 4) == Budget(3, 1)
    assert strategy.budget("StatefulSet/shop/db", 4) == Budget(4, 2)


COUNTS = st.integers(0, 7)


@st.composite
def worlds(draw):
    """Clusters with pods in any state, and where they are to go."""
    names = [f"c{number}" for number in range(draw(st.integers(1, 4)))]
    strategy = SpreadUpdate(Share(draw(st.integers(0, 6))), Share(draw(st.integers(0, 4))))
    sites = {}
    for name in names:
        if not draw(st.booleans()):
            continue
        replicas = draw(COUNTS)
        ordered = draw(st.booleans())
        pods = Pods(
            replicas,
            draw(st.integers(0, replicas + 2)),
            draw(st.sampled_from(["old", "new"])),
            steady=draw(st.booleans()),
            at_once=1 if ordered else draw(st.integers(0, replicas)),
            ordered=ordered,
        )
        sites[name] = Site({"web": pods}, pods.revision)
    target = {name: {"web": draw(COUNTS)} for name in names if draw(st.booleans())}
    return sites, Goal(target, "new", strategy, lingering=draw(st.booleans()))


def cost(pods, step):
    """As the design says it: what a step may take down of pods that are available."""
    have, replicas = min(pods.available, pods.replicas), pods.replicas
    if step.action is Action.SCALE_DOWN:
        fewer = replicas - step.replicas["web"]
        return min(fewer, have) if pods.ordered else max(0, have - step.replicas["web"])
    if step.action is Action.UPDATE and pods.revision != "new":
        return min(have, pods.at_once) if pods.ordered else max(0, have - (replicas - pods.at_once))
    return 0


@settings(max_examples=1000, derandomize=True, deadline=None)
@given(worlds())
def test_no_more_is_taken_down_than_the_budget_has(world):
    sites, wanted = world
    steps = next_steps(sites, wanted)
    desired = wanted.desired.get("web", 0)
    least, surge = (
        wanted.strategy.budget("web", desired).min_available,
        wanted.strategy.budget("web", desired).max_surge,
    )
    steady = {name: replace(item.pods["web"], steady=True) for name, item in sites.items()}
    takes = any(cost(steady[step.cluster], step) for step in steps if step.cluster in sites)
    promised = available(sites).get("web", 0)
    during = least_during(sites, steps, "new").get("web", 0)
    assert during >= min(promised, least)
    # Whatever is under way: who takes down a pod that is available now leaves enough.
    assert not takes or during >= least
    running = sum(item.replicas["web"] for item in sites.values())
    more = sum(
        step.replicas["web"] - (sites[step.cluster].replicas["web"] if step.cluster in sites else 0)
        for step in steps
        if step.action in {Action.CREATE, Action.SCALE_UP}
    )
    assert running + more <= max(running, desired + surge)
    for step in steps:
        have = sites[step.cluster].replicas["web"] if step.cluster in sites else 0
        assert (step.action is Action.UPDATE) <= (step.replicas["web"] == have)


@settings(max_examples=1000, derandomize=True, deadline=None)
@given(worlds(), st.data())
def test_it_ends_at_the_goal_whatever_is_half_done_and_whatever_breaks_for_a_time(world, data):
    sites, wanted = world
    least = wanted.strategy.budget("web", wanted.desired.get("web", 0)).min_available
    broken = data.draw(st.integers(0, 5))
    for _ in range(60):
        before = available(sites).get("web", 0)
        steps = next_steps(sites, wanted)
        if broken:
            # Some of the steps are written; each of these has taken down what it may, or nothing, and is not done.
            steps = [step for step in steps if data.draw(st.booleans())]
        assert least_during(sites, steps, "new").get("web", 0) >= min(before, least)
        sites = {name: after(item, "new", steps, name, data if broken else None) for name, item in sites.items()} | {
            step.cluster: Site({"web": Pods(step.replicas["web"], 0 if broken else step.replicas["web"], "new")}, "new")
            for step in steps
            if step.action is Action.CREATE
        }
        broken = max(0, broken - 1)
    blocked = [item.pods["web"] for name, item in sites.items() if name in wanted.target and item.revision != "new"]
    if wanted.reached(sites):
        running = sum(item.replicas["web"] for item in sites.values())
        budget = wanted.strategy.budget("web", wanted.desired.get("web", 0))
        assert not wanted.desired or running <= wanted.desired["web"] + budget.max_surge
        return
    # Only a step that takes down more than is ever spare can be left.
    spare = available(sites).get("web", 0) - least
    assert blocked or not spare
    assert all(pods.left - pods.left_by_update("new") > spare for pods in blocked)


def after(item, revision, steps, name, data):
    """A cluster after a round: all pods are back, or (with `data`) as many as may be."""
    step = next((step for step in steps if step.cluster == name), None)
    pods = item.pods["web"]
    if step is not None:
        changed = step.action is Action.UPDATE
        floor = pods.left_by_update(revision) if changed else pods.left_by_scale(step.replicas["web"])
        if step.action is Action.SCALE_UP:
            floor = pods.left
        pods = replace(
            pods,
            replicas=step.replicas["web"],
            revision=revision if changed else pods.revision,
            steady=not changed and pods.steady,
            available=floor,
            at_once=min(pods.at_once, step.replicas["web"]) if not pods.ordered else 1,
        )
    if data is None:
        pods = replace(pods, available=pods.replicas, steady=True)
    elif step is None:
        pods = replace(pods, available=data.draw(st.integers(0, pods.replicas)))
    here = revision if pods.revision == revision else item.revision
    return Site({"web": pods}, here)


@pytest.mark.parametrize(
    ("sites", "reached"),
    [
        ({"a": site(2), "b": site(1)}, True),
        ({"a": site(2), "b": site(1, observed=False)}, False),
        # What is left goes with its copy.
        ({"a": site(2), "b": site(1), "c": site(0, observed=False)}, True),
        ({"a": site(2), "b": site(2)}, False),
    ],
)
def test_it_is_done_when_the_controllers_have_seen_it(sites, reached):
    assert goal({"a": 2, "b": 1}).reached(sites) is reached


LINGERING = replace(goal({"b": 6, "c": 6}, least=10), lingering=True)


@pytest.mark.parametrize(
    ("sites", "wanted", "steps"),
    [
        # A move goes as ever while others need the room ...
        ({"a": site(6), "b": site(6)}, LINGERING, [("c", "create", 2)]),
        ({"a": site(6), "b": site(6), "c": site(2)}, LINGERING, [("a", "scale down", 4)]),
        # ... and what is not in the way of anybody stays.
        ({"a": site(2), "b": site(6), "c": site(4)}, LINGERING, [("c", "scale up", 6)]),
        ({"a": site(2), "b": site(6), "c": site(6)}, LINGERING, []),
        # Of two clusters that are left each keeps one.
        ({"a": site(1), "b": site(6), "c": site(4), "d": site(3)}, LINGERING, [("d", "scale down", 1)]),
        ({"a": site(1), "b": site(6), "c": site(6), "d": site(1)}, LINGERING, []),
        # What is beyond those that may run goes.
        ({"a": site(4), "b": site(6), "c": site(6)}, LINGERING, [("a", "scale down", 2)]),
        # Where there is no surge, or one that is too small, none can stay.
        (
            {"a": site(6), "b": site(6)},
            replace(goal({"b": 12}, least=10, surge=0), lingering=True),
            [("a", "scale down", 4)],
        ),
        (
            {"a": site(1), "b": site(11)},
            replace(goal({"b": 12}, least=10, surge=0), lingering=True),
            [("a", "scale down", 0)],
        ),
        # Those of the target that are too many go first.
        ({"a": site(2), "b": site(8), "c": site(4)}, LINGERING, [("b", "scale down", 6)]),
    ],
)
def test_pods_beside_an_address_go_only_where_others_need_the_room(sites, wanted, steps):
    assert shape(next_steps(sites, wanted)) == steps
    assert wanted.reached(sites) or steps
