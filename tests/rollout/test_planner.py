import pytest

from kubefleet.model.strategy import RollingUpdate, Share
from kubefleet.rollout.planner import Action, Copy, plan_clearance, plan_rollout

pytestmark = pytest.mark.fast


def copy(cluster, replicas=3, revision="new", *, available=True):
    return cluster, Copy(cluster, revision, {"web": replicas}, available)


def shape(batches):
    return [[(step.cluster, step.action, dict(step.replicas)) for step in batch] for batch in batches]


def test_new_copies_come_up_together_when_nothing_moves():
    batches = plan_rollout({}, {"a": {"web": 3}, "b": {"web": 2}}, "new", RollingUpdate())
    assert shape(batches) == [[("a", Action.CREATE, {"web": 3}), ("b", Action.CREATE, {"web": 2})]]


def test_a_copy_that_loses_replicas_keeps_them_until_the_end():
    live = dict([copy("a", 5), copy("b", 1)])
    target = {"a": {"web": 2}, "b": {"web": 4}}
    assert shape(plan_rollout(live, target, "new", RollingUpdate())) == [[("b", Action.SCALE_UP, {"web": 4})]]
    assert [(step.cluster, step.replicas) for step in plan_clearance(live, target).scale_downs] == [("a", {"web": 2})]


def test_updates_in_place_keep_the_budget():
    live = dict([copy(name, revision="old") for name in "abcd"])
    batches = plan_rollout(live, {name: {"web": 3} for name in "abcd"}, "new", RollingUpdate(Share(2), Share(1)))
    assert [len(batch) for batch in batches] == [2, 2]


def test_a_broken_copy_is_mended_for_free_and_first():
    live = dict([copy("a", revision="old"), copy("b", revision="old", available=False)])
    batches = plan_rollout(live, {"a": {"web": 3}, "b": {"web": 3}}, "new", RollingUpdate(Share(1), Share(1)))
    assert [[step.cluster for step in batch] for batch in batches] == [["b"], ["a"]]


def test_surge_bounds_new_copies_while_old_ones_still_run():
    live = dict([copy("old-1"), copy("old-2")])
    batches = plan_rollout(live, {"a": {"web": 3}, "b": {"web": 3}}, "new", RollingUpdate(Share(1), Share(1)))
    assert [[step.cluster for step in batch] for batch in batches] == [["a"], ["b"]]
    assert plan_clearance(live, {"a": {"web": 3}}).removals == ("old-1", "old-2")


@pytest.mark.parametrize(
    ("silent", "bounded", "clusters"),
    [
        (1, True, [["ill"], ["a"], ["b"]]),
        (2, True, [["ill"]]),
        (3, True, [["ill"]]),
        # Of a stage: how many may change at once says nothing of how many may be unavailable.
        (3, False, [["ill"], ["a"], ["b"]]),
    ],
)
def test_those_that_cannot_be_reached_use_the_budget_up_but_not_for_what_costs_nothing(silent, bounded, clusters):
    live = dict([copy("a", revision="old"), copy("b", revision="old"), copy("ill", revision="old", available=False)])
    gone = frozenset(f"silent-{number}" for number in range(silent))
    target = {name: {"web": 3} for name in (*live, *gone)}
    batches = plan_rollout(live, target, "new", RollingUpdate(Share(2), Share(1)), gone, bounded=bounded)
    assert [[step.cluster for step in batch] for batch in batches] == clusters


def test_a_new_copy_comes_however_few_are_available():
    batches = plan_rollout({}, {"a": {"web": 3}, "silent": {"web": 3}}, "new", RollingUpdate(), frozenset({"silent"}))
    assert [[step.cluster for step in batch] for batch in batches] == [["a"]]


def test_a_copy_that_is_ill_at_the_new_revision_uses_the_budget_up():
    live = dict([copy("a", revision="old"), copy("b", available=False), copy("c", revision="old")])
    target = {name: {"web": 3} for name in live}
    assert plan_rollout(live, target, "new", RollingUpdate(Share(1), Share(1))) == ()
    assert [len(batch) for batch in plan_rollout(live, target, "new", RollingUpdate(Share(3), Share(1)))] == [2]


def test_nothing_is_left_to_do_when_live_is_the_target():
    assert plan_rollout(dict([copy("a")]), {"a": {"web": 3}}, "new", RollingUpdate()) == ()
