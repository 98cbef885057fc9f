"""What the providers make of inputs alone."""

import pytest

from kubefleet.resources._adapter import Adapter
from kubefleet.resources.outcome import OutcomeProvider
from kubefleet.resources.ownership import revision_of
from kubefleet.resources.schedule import ScheduleProvider
from kubefleet.resources.settle import SettleProvider
from kubefleet.resources.stage import StageProvider, went_back

pytestmark = pytest.mark.fast

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 3, "paused": False}}
KAFKA = {"apiVersion": "kafka.example/v1", "kind": "Kafka", "spec": {"replicas": 3}}


def test_replicas_that_are_not_the_schedulers_belong_to_the_revision() -> None:
    def changed(manifest: dict) -> bool:
        more = {**manifest, "spec": {**manifest["spec"], "replicas": 5}}
        return revision_of({"a": manifest}, {}) != revision_of({"a": more}, {})

    assert changed(KAFKA)
    assert not changed(DEPLOYMENT)


def test_a_command_with_a_failed_phase_counts_only_what_is_complete_as_finished() -> None:
    phases = {
        "a/b": {"all": {"phase": "complete"}, "settle": {"phase": "complete"}},
        "held": {"all": {"phase": "held", "reason": "later"}, "settle": {"phase": "held"}},
        "bad": {"all": {"phase": "failed", "reason": "no"}, "settle": {"phase": "held"}},
    }
    (failure,) = OutcomeProvider().check({}, {"fleet": "f", "phases": phases}).failures
    assert failure.reason == (
        "1 failed; 1 of 3 placements are finished. Mend these, then run `pulumi up` again\n  bad/all failed: no"
    )


def test_a_settle_that_is_held_remembers_where_it_still_has_to_look() -> None:
    news = {"fleet": "f", "placement": "web", "to": {"b": {}}, "after": {"all": {"phase": "failed"}}}
    first = SettleProvider().update("web", {"to": {"a": {}, "b": {}}, "pending": []}, news).outs
    assert (first["phase"], first["pending"]) == ("held", ["a"])
    second = SettleProvider().update("web", first, news).outs
    assert second["pending"] == ["a"]


@pytest.mark.parametrize(
    ("olds", "news", "changes"),
    [
        ({"to:web": {"a": {}}}, {"to:web": {"a": {}}}, False),
        ({"to:web": {"a": {}}}, {"to:web": {"b": {}}}, True),
        ({}, {"redo:web": {"clusters": ["a"], "turn": 1}}, True),
        ({"redo:web": {"clusters": ["a"], "turn": 1}}, {"redo:web": {}}, False),
        ({"leaving": {"a": {}}}, {"leaving": {}}, False),
        ({"turns": {"web": 1}}, {"turns": {"web": 2}}, False),
    ],
)
def test_what_vanishes_because_it_is_done_is_no_change(olds: dict, news: dict, changes: bool) -> None:
    assert ScheduleProvider().diff("f", olds, news).changes is changes


@pytest.mark.parametrize("key", ["labels", "apart"])
@pytest.mark.parametrize("provider", [StageProvider(), SettleProvider()])
def test_what_other_stacks_see_of_a_placement_is_recorded_when_it_changes(provider: Adapter, key: str) -> None:
    olds = {"uid": "1", "to": {"a": {}}, "phase": "complete", "pending": []}
    assert not provider.diff("web", olds, {"uid": "1", "to": {"a": {}}}).changes
    assert provider.diff("web", olds, {"uid": "1", "to": {"a": {}}, key: {"tier": "db"}}).changes


@pytest.mark.parametrize(
    ("behind", "turn", "changes"), [(["eu-1"], 2, True), (["us-1"], 2, False), (["eu-1"], 1, False), ([], 2, False)]
)
def test_a_stage_runs_again_where_its_own_clusters_went_back(behind: list[str], turn: int, changes: bool) -> None:
    stages = {"type": "StagedUpdate", "stages": [{"name": "canary", "selector": ["eu-1"]}]}
    news = {"uid": "1", "to": {"eu-1": {}, "us-1": {}}, "stage": "canary", "strategy": stages}
    redo = {"clusters": behind, "back": behind}
    # What was to be done again in the last run stays among the inputs until there is something else.
    olds = {**news, "redo": {**redo, "turn": 1}, "phase": "complete", "pending": []}
    assert StageProvider().diff("web", olds, {**news, "redo": {**redo, "turn": turn}}).changes is changes
    assert went_back(olds, {**news, "redo": {**redo, "turn": turn}}) is changes


@pytest.mark.parametrize(
    ("phase", "pending", "proven"),
    [("complete", [], ["new"]), ("complete", ["eu-1"], ["old"]), ("failed", [], ["old"]), ("held", [], ["old"])],
)
def test_a_stage_remembers_the_checks_by_which_it_was_last_complete(monkeypatch, phase, pending, proven):
    def walked(self, olds, news):
        return {**news, "phase": phase, "pending": pending}

    monkeypatch.setattr(StageProvider, "_walked", walked)
    olds = {"health": ["never complete"], "proven": ["old"]}
    assert StageProvider().applied(olds, {"health": ["new"]})["proven"] == proven
