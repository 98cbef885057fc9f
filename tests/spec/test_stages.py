"""Strategies as users write them, and all that is wrong with them at once."""

from dataclasses import replace

import pytest

from kubefleet.model.gate import Approval, Wait
from kubefleet.model.member import Member
from kubefleet.model.strategy import RollingUpdate, Share, SpreadUpdate, Stage, StagedUpdate
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.stages import check_stages
from kubefleet.spec.strategy import parse_strategy

pytestmark = pytest.mark.fast


def parse(raw):
    mistakes = []
    return parse_strategy(raw, "strategy", Spelling.PYTHON, mistakes), [
        f"{one.path}: {one.message}" for one in mistakes
    ]


def staged(*stages, **more):
    return {"type": "StagedUpdate", "stages": list(stages), **more}


def test_stages_with_their_gates():
    canary = {"name": "canary", "selector": {"tier": "canary"}, "after": [{"type": "Wait", "duration": "10m"}]}
    named = {"name": "us", "selector": ["us-1"], "max_concurrency": "50%", "before": [{"type": "Approval"}]}
    found, mistakes = parse(staged(canary, named, progress_deadline="2m"))
    assert not mistakes
    assert found == StagedUpdate(
        (
            Stage("canary", labels={"tier": "canary"}, after=(Wait(600),)),
            Stage("us", clusters=("us-1",), max_concurrency=Share(50, percent=True), before=(Approval(),)),
        ),
        progress_deadline=120,
    )
    assert [found.stage_of(name, {"tier": tier}) for name, tier in (("a", "canary"), ("us-1", "x"), ("b", "x"))] == [
        "canary",
        "us",
        "rest",
    ]


@pytest.mark.parametrize(
    ("raw", "mistake"),
    [
        ({"type": "StagedUpdat"}, "strategy.type: bad strategy `StagedUpdat` (expected RollingUpdate, StagedUpdate, "),
        (staged(), "strategy.stages: no stage (expected at least one)."),
        (staged({"name": "a"}), "strategy.stages[0].selector: selects every cluster"),
        (staged({"name": "rest", "selector": ["a"]}), "strategy.stages[0].name: `rest` has a meaning already"),
        (staged({"name": "a b", "selector": ["a"]}), "strategy.stages[0].name: "),
        (staged(*[{"name": "a", "selector": ["a"]}] * 2), "strategy.stages[1].name: `a` is there twice"),
        (staged({"name": "a", "selector": ["a"], "max_concurrency": 0}), "strategy.stages[0].max_concurrency: nothing"),
        (staged({"name": "a", "selector": ["a"], "max_concurrency": "2x"}), "strategy.stages[0].max_concurrency: bad"),
        (staged({"name": "a", "selector": ["a"], "after": [{"type": "Wait"}]}), "strategy.stages[0].after[0].duration"),
        (
            staged({"name": "a", "selector": ["a"], "after": [{"type": "Wait", "duration": "soon"}]}),
            "strategy.stages[0].after[0].duration: bad duration `soon`",
        ),
        (
            staged({"name": "a", "selector": ["a"], "before": [{"type": "Approve"}]}),
            "bad gate `Approve` (expected",
        ),
        (staged({"name": "a", "selector": ["a"], "befor": []}), "strategy.stages[0].befor: unknown"),
        ({"type": "SpreadUpdate", "min_available": 1, "max_unavailable": 1}, "strategy: `min_available` and `max_una"),
        (
            {"type": "SpreadUpdate", "min_available": "x"},
            "strategy.min_available: bad value `x` (expected a number of",
        ),
        ({"type": "SpreadUpdate", "max_surge": -1}, "strategy.max_surge: bad value `-1`"),
        ({"type": "RollingUpdate", "max_unavailable": 0}, "strategy.max_unavailable: no cluster may be unavailable"),
    ],
)
def test_what_is_wrong_is_told_by_path(raw, mistake):
    found, mistakes = parse(raw)
    assert found is None
    assert any(one.startswith(mistake) or mistake in one for one in mistakes), mistakes


def test_what_is_written_for_pods():
    assert parse({"type": "SpreadUpdate", "min_available": 10, "max_surge": 2})[0] == SpreadUpdate(
        max_surge=Share(2), min_available=Share(10)
    )
    assert parse({"type": "SpreadUpdate", "max_unavailable": "10%"})[0] == SpreadUpdate(Share(10, percent=True))
    assert parse(None)[0] == RollingUpdate()


def test_workloads_may_differ():
    found, mistakes = parse({"type": "SpreadUpdate", "min_available": {"web": 10, "db": "50%"}, "max_surge": 2})
    assert not mistakes
    assert found.own == {
        "web": SpreadUpdate(max_surge=Share(2), min_available=Share(10)),
        "db": SpreadUpdate(max_surge=Share(2), min_available=Share(50, percent=True)),
    }
    assert replace(found, own={}) == SpreadUpdate(max_surge=Share(2))
    wrong = parse({"type": "SpreadUpdate", "max_surge": {"web": "many"}})[1]
    assert wrong == [
        "strategy.max_surge.web: bad value `many` (expected a number of pods or a percentage such as 25%)."
    ]


def test_every_cluster_is_in_one_stage():
    strategy = StagedUpdate((Stage("one", labels={"region": "eu"}), Stage("two", clusters=("eu-1", "eu-9"))))
    mistakes = []
    members = [Member("eu-1", None, labels={"region": "eu"}), Member("us-1", None, labels={"region": "us"})]
    check_stages(strategy, members, "strategy", mistakes)
    assert [str(one.message) for one in mistakes] == [
        "unknown cluster `eu-9` (expected a member). Did you mean `eu-1`?",
        "cluster `eu-1` is selected by `one` and `two` (expected one stage for each cluster).",
    ]
