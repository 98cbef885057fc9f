"""The Job of a shard: what it takes from the template, and how its pods learn their index."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubefleet.jobs.account import Account, Shard, planned
from kubefleet.jobs.divide import Demand, DivideJobBy, Site
from kubefleet.jobs.global_index import (
    GLOBAL,
    LOCAL,
    MAP,
    MOST_RUNS,
    IndexBy,
    index_by,
    index_map,
    index_policy,
    tellable,
)
from kubefleet.jobs.indexes import NONE, Indexes, lowest, span
from kubefleet.jobs.shard_job import GENERATION, JOB_LABEL, SHARD, WholeJob, shard_manifests, shard_name
from kubefleet.jobs.steps import next_parts
from kubefleet.jobs.template import shardable

pytestmark = pytest.mark.fast

BY_LABEL = {"name": "I", "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{LOCAL}']"}}}


def template(pod: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "sweep:1", "env": [{"name": "A", "value": "1"}, BY_LABEL]}
    whole = {"restartPolicy": "Never", "containers": [container], **(pod or {})}
    metadata = {"labels": {"app": "sweep"}}
    return {"spec": {"completions": 20, "parallelism": 9, **spec, "template": {"metadata": metadata, "spec": whole}}}


def made(shard: Shard, how: IndexBy = IndexBy.POLICY, **spec: Any) -> list[dict[str, Any]]:
    return shard_manifests(WholeJob("sweep", "00000000000000aa", "ml", template(**spec), 20), shard, how)


def env_of(job: dict[str, Any]) -> dict[str, Any]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert len({item["name"] for item in container["env"]}) == len(container["env"])
    return {item["name"]: item.get("value") or item["valueFrom"]["fieldRef"]["fieldPath"] for item in container["env"]}


def test_a_shard_is_an_indexed_job_of_its_own_part() -> None:
    shard = Shard("eu-1", 3, span(8, 12), 2)
    (job,) = made(shard, successPolicy={}, ttlSecondsAfterFinished=5, backoffLimit=4)
    spec = job["spec"]
    assert (job["metadata"]["name"], job["metadata"]["namespace"]) == ("sweep-g3", "ml")
    assert job["metadata"]["labels"] == {JOB_LABEL: "00000000000000aa"}
    assert job["metadata"]["annotations"] == {SHARD: shard.token, GENERATION: "3"}
    assert {key: value for key, value in spec.items() if key != "template"} == {
        "completionMode": "Indexed",
        "completions": 4,
        "parallelism": 2,
        "backoffLimitPerIndex": 4,
    }
    assert spec["template"]["metadata"] == {
        "labels": {"app": "sweep", JOB_LABEL: "00000000000000aa"},
        "annotations": {MAP: "0:8"},
    }
    assert env_of(job) == {
        "JOB_COMPLETION_INDEX": f"metadata.annotations['{GLOBAL}']",
        "FLEET_SIZE": "20",
        "FLEET_CLUSTER": "eu-1",
        "FLEET_SHARD": "sweep-g3",
        "FLEET_GENERATION": "3",
        "A": "1",
        "I": f"metadata.annotations['{GLOBAL}']",
    }


def test_a_template_is_not_changed() -> None:
    written = template()
    shard_manifests(WholeJob("a", "u", "ml", written, 20), Shard("a", 1, span(0, 3), 1), IndexBy.FILE)
    assert written == template()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({}, {"backoffLimitPerIndex": 1}),
        ({"backoffLimitPerIndex": 0}, {"backoffLimitPerIndex": 0}),
        ({"backoffLimitPerIndex": 2, "backoffLimit": 9}, {"backoffLimitPerIndex": 2}),
        ({"pod": {"restartPolicy": "OnFailure"}, "backoffLimit": 9}, {"backoffLimit": 9}),
        ({"pod": {"restartPolicy": "OnFailure"}}, {}),
    ],
)
def test_an_index_that_fails_stops_no_other(spec: dict[str, Any], told: dict[str, Any]) -> None:
    (job,) = made(Shard("a", 1, span(0, 3), 1), **spec)
    assert {key: value for key, value in job["spec"].items() if key.startswith("backoff")} == told


def test_without_policies_a_file_has_the_index() -> None:
    files, job = made(Shard("a", 1, Indexes([3, 4, 9]), 1), IndexBy.FILE)
    assert files["data"] == {"0": "3", "1": "4", "2": "9"}
    assert files["metadata"]["name"] == job["metadata"]["name"]
    for bears in ("labels", "annotations"):
        assert files["metadata"][bears].items() <= job["metadata"][bears].items()
    pod = job["spec"]["template"]["spec"]
    assert pod["volumes"] == [{"name": "fleet-index", "configMap": {"name": files["metadata"]["name"]}}]
    assert pod["containers"][0]["volumeMounts"][0]["subPathExpr"] == "$(FLEET_LOCAL_INDEX)"
    assert env_of(job)["FLEET_LOCAL_INDEX"] == f"metadata.labels['{LOCAL}']"


@pytest.mark.parametrize(
    ("indexes", "name", "value"),
    [(span(5, 9), "FLEET_INDEX_OFFSET", "5"), (Indexes([3, 4, 9]), "FLEET_INDEX_LIST", "3,4,9")],
)
def test_else_the_environment_says_how_to_tell_it(indexes: Indexes, name: str, value: str) -> None:
    (job,) = made(Shard("a", 1, indexes, 1), IndexBy.CONTRACT)
    assert env_of(job)[name] == value
    assert (
        "annotations" not in job["spec"]["template"]["metadata"]
        or not job["spec"]["template"]["metadata"]["annotations"]
    )


def test_the_best_way_that_a_cluster_and_the_shard_allow() -> None:
    few, many = Indexes([1, 5, 6]), Indexes(range(0, 2 * MOST_RUNS + 2, 2))
    assert index_by(few, has_policy=True) is IndexBy.POLICY
    assert index_by(many, has_policy=True) is IndexBy.FILE
    assert index_by(few, has_policy=False) is IndexBy.FILE
    assert index_by(span(0, 100_000), has_policy=False) is IndexBy.CONTRACT


def test_a_shard_is_never_more_than_can_be_told_of_it() -> None:
    every_other = Indexes(range(0, 100_000, 2))
    assert tellable(span(0, 1_000_000)) == span(0, 1_000_000)
    assert tellable(lowest(every_other, 40_000)) == lowest(every_other, 40_000)
    told = tellable(every_other)
    assert told == lowest(every_other, MOST_RUNS)
    assert index_by(told, has_policy=True) is IndexBy.POLICY
    # The rest comes after.
    sites, demand = [Site("a", 9)], Demand(100_000)
    account = Account(100_000, done=span(0, 100_000) - every_other)
    first = next_parts(account, DivideJobBy.MAKESPAN, sites, demand)
    assert first == {"a": (told, 9)}
    then = next_parts(planned(account, first), DivideJobBy.MAKESPAN, sites, demand)
    assert then == {"a": (tellable(every_other - told), 9)}


@pytest.mark.parametrize(
    ("count", "slots", "pod", "told"),
    [
        (100_000, 200_000, {}, {"parallelism": 100_000}),
        (100_001, 200_000, {}, {"parallelism": 10_000, "maxFailedIndexes": 10_000}),
        (100_001, 9, {}, {"parallelism": 9, "maxFailedIndexes": 10_000}),
        (100_001, 200_000, {"restartPolicy": "OnFailure"}, {"parallelism": 100_000}),
    ],
)
def test_a_shard_keeps_to_what_an_api_server_takes(count: int, slots: int, pod: Any, told: dict[str, int]) -> None:
    (job,) = made(Shard("a", 1, span(0, count), slots), pod=pod)
    assert {key: job["spec"][key] for key in ("parallelism", "maxFailedIndexes") if key in job["spec"]} == told


@given(st.frozensets(st.integers(0, 60), min_size=1))
def test_the_map_leads_every_local_index_to_its_own(indexes: frozenset[int]) -> None:
    pieces = [tuple(map(int, piece.split(":"))) for piece in index_map(Indexes(indexes)).split(",")]

    def of(local: int) -> int:
        first, index = [piece for piece in pieces if piece[0] <= local][-1]
        return local - first + index

    assert [of(local) for local in range(len(indexes))] == sorted(indexes)
    assert index_map(NONE) == ""


def test_names_are_short_enough_for_pods() -> None:
    job = WholeJob("a" * 70, "0123456789abcdef", "ml", template(), 20)
    name = shard_name(job, Shard("a", 12, span(0, 3), 1))
    assert len(name) == 63
    assert name.endswith("a-012345-g12")


def test_of_no_template_there_is_an_empty_shard() -> None:
    assert shardable({}) == {"template": {}}


def test_the_policy_is_about_pods_of_shards_alone() -> None:
    policy, binding = index_policy()
    assert binding["spec"]["policyName"] == policy["metadata"]["name"]
    assert MAP in policy["spec"]["matchConditions"][0]["expression"]
