"""Tables of others that rollouts reproduce. Where we differ on purpose the row says what is ours, and why."""

import tomllib
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from clock_world import World

from kubefleet.health import Status, health
from kubefleet.model.gate import Wait
from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.strategy import RollingUpdate, Share, SpreadUpdate, Stage, StagedUpdate
from kubefleet.rollout.planner import Copy, plan_rollout
from kubefleet.rollout.pods import Pods, at_once
from kubefleet.rollout.spread_planner import Goal, Site, next_steps
from kubefleet.spec.mistakes import Mistake, Spelling
from kubefleet.spec.shares import parse_share
from kubefleet.spec.strategy import parse_strategy

pytestmark = pytest.mark.fast

FOLDER = Path(__file__).parent


def table(file: str, name: str) -> Any:
    return tomllib.loads((FOLDER / f"{file}.toml").read_text())[name]


def rows(file: str, name: str) -> list[dict[str, Any]]:
    """Those of a table with columns, each as a map."""
    found = table(file, name)
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def share(raw: int | str) -> Share:
    mistakes: list[Mistake] = []
    found = parse_share(raw, "", "", mistakes)
    assert not mistakes
    return found


def spread(unavailable: int | str, surge: int | str) -> SpreadUpdate:
    """As a user writes it."""
    raw = {"type": "SpreadUpdate", "max_unavailable": unavailable, "max_surge": surge}
    found = parse_strategy(raw, "", Spelling.PYTHON, [])
    assert isinstance(found, SpreadUpdate)
    return found


@pytest.mark.parametrize("row", rows("rounding", "fenceposts"), ids=lambda row: "-".join(map(str, row.values())))
def test_a_budget_of_the_fleet_and_a_deployment_are_rounded_as_kubernetes_rounds(row: dict[str, Any]) -> None:
    budget = spread(row["unavailable"], row["surge"]).budget("Deployment/shop/web", row["desired"])
    assert budget.max_surge == row["more"]
    assert budget.min_available == max(0, row["desired"] - row["fewer"])
    rolling = {"maxSurge": row["surge"], "maxUnavailable": row["unavailable"]}
    live = {"kind": "Deployment", "spec": {"strategy": {"rollingUpdate": rolling}}}
    assert at_once(live, row["desired"]) == min(row["desired"], row["fewer"])


@pytest.mark.parametrize("row", rows("rounding", "steps"), ids=lambda row: "-".join(map(str, row.values())))
def test_pods_move_between_clusters_as_between_replica_sets(row: dict[str, Any]) -> None:
    def site(replicas: int, available: int) -> Site:
        return Site({"web": Pods(replicas, available, "new")}, "new")

    goal = Goal({"new": {"web": row["desired"]}}, "new", spread(row["unavailable"], row["surge"]))
    sites = {"old": site(row["old"], row["old_ready"]), "new": site(row["new"], row["new_ready"])}
    after = {name: item.replicas["web"] for name, item in sites.items()}
    after |= {step.cluster: step.replicas["web"] for step in next_steps(sites, goal)}
    assert (after["old"], after["new"]) == (row["left"], row["right"])


STATUS = {
    "available": Status.AVAILABLE,
    "not yet": Status.PROGRESSING,
    "failed": Status.FAILED,
    "unknown": Status.UNVERIFIED,
}
AVAILABILITY = table("kubefleet", "availability")["rows"]


@pytest.mark.parametrize("row", AVAILABILITY, ids=[f"{row['of']}-{row['theirs']}" for row in AVAILABILITY])
def test_what_kubefleet_calls_available_is(row: dict[str, Any]) -> None:
    api_version, _, kind = row["of"].partition(" ")
    seen = {"observedGeneration": 2 if row.get("stale") else 3}
    live = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "web", "generation": 3},
        "spec": row.get("spec", {}),
        "status": {**seen, **row.get("status", {})},
    }
    assert health(live).status is STATUS[row.get("ours", row["theirs"])]


@pytest.mark.parametrize("row", rows("kubefleet", "changes"), ids=lambda row: "-".join(map(str, row.values())))
def test_what_kubefleet_changes_first_changes_first(row: dict[str, Any]) -> None:
    states = dict(item.split("=") for item in row["live"].split())
    revisions = {"old": "old", "ill": "old", "half": "", "new": "new", "gone": "new"}
    live = {
        name: Copy(name, revisions[state], {"web": 1}, available=state not in {"ill", "half"})
        for name, state in states.items()
        if state != "-"
    }
    target = {name: {"web": 1} for name, state in states.items() if state != "gone"}
    batches = plan_rollout(live, target, "new", RollingUpdate(share(row["unavailable"]), share(row["surge"])))
    first = sorted(step.cluster for step in batches[0]) if batches else []
    assert first == (row["ours"] or row["theirs"]).split()


def test_where_a_row_differs_it_says_why() -> None:
    for row in AVAILABILITY:
        assert ("ours" in row) == ("why" in row), row
        assert row.get("ours") != row["theirs"], row
    for row in rows("kubefleet", "changes"):
        assert bool(row["ours"]) == bool(row["why"]), row
        assert row["ours"] != row["theirs"] or not row["ours"], row


ROLLOUTS = table("ocm", "rollouts")


@pytest.mark.parametrize("row", ROLLOUTS, ids=[row["name"] for row in ROLLOUTS])
def test_a_rollout_goes_by_the_clock_as_in_open_cluster_management(
    row: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = [dict(item.split(":") for item in text.split()) for text in row["groups"]]
    after = (Wait(row["soak"]),) if "soak" in row else ()
    stages = tuple(
        Stage(f"group-{number}", tuple(group) or ("nobody",), max_concurrency=share(row["at_once"]), after=after)
        for number, group in enumerate(groups)
    )
    world = World({name: takes for group in groups for name, takes in group.items()}, monkeypatch)
    on_failure = OnFailure(Then.CONTINUE, share(row["max_failures"])) if "max_failures" in row else OnFailure()
    phase, pending = world.walk(StagedUpdate(stages, row.get("deadline", 600), on_failure=on_failure))
    begun = groupby(sorted((at, name) for name, at in world.begun.items()), key=lambda item: item[0])
    goes = "; ".join(f"{at} {' '.join(name for _, name in items)}" for at, items in begun)
    assert goes == row["goes"]
    assert f"{phase} at {world.now}" == row["ends"]
    assert pending == tuple(row.get("pending", "").split())


def test_there_are_enough_rows() -> None:
    counts = [
        len(rows(*name)) for name in (("rounding", "fenceposts"), ("rounding", "steps"), ("kubefleet", "changes"))
    ]
    assert sum(counts) + len(AVAILABILITY) + len(ROLLOUTS) >= 150
