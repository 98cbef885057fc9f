"""Every kind of rollout, killed (`kill -9`) between any two of its steps and run again, ends as one that was not.

What is counted: an object that stays changes its generation at most once (none of these scales twice), what is new is
made once, no pod is made that an undisturbed run does not make, and nothing else is there at the end.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from lab_objects import config_map, deployment, job, until

from availability import watch
from killing import run_and_die
from kubefleet.kube import Connection, connect
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.lab.lab import Lab
from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate, Share, Stage, StagedUpdate, Strategy
from kubefleet.rollout.rollback import run_rollback
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Result, Task
from kubefleet.rollout.walk import run_rollout

CLUSTERS = ("eu-1", "eu-2", "us-1")
UID = "00000000000000dd"
KINDS = (
    "/apis/apps/v1/namespaces/default/deployments",
    "/apis/batch/v1/namespaces/default/jobs",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/pulumi-kubefleet/secrets",
)
ROLLING = RollingUpdate(Share(1), Share(1), progress_deadline=60)
STAGED = StagedUpdate((Stage("canary", ("eu-1",)),), progress_deadline=60)
BACK = OnFailure(Then.ROLLBACK)
Reach = Callable[[str], Connection]
State = dict[str, Any]


@dataclass(frozen=True)
class Rollout:
    """What is there `before`, and the `run` that is killed: between its steps, with `waves` also inside them. It makes
    so many `pods`.
    """

    before: Callable[[Reach], object]
    run: Callable[[Reach], Result]
    pods: int
    waves: bool = False


def manifest(item: dict[str, Any], *, order: int | None = None) -> dict[str, Any]:
    metadata = {**item["metadata"], "namespace": "default"}
    if order is not None:
        metadata["annotations"] = {"pulumi-kubefleet/order": str(order)}
    return {**item, "metadata": metadata}


def web(image: str) -> dict[str, Any]:
    made = manifest(deployment("killed"), order=1)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return made


def migration(image: str) -> dict[str, Any]:
    made = manifest(job("killed", complete_after="100ms"), order=0)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    return made


def task(
    reach: Reach,
    revision: str,
    *objects: dict[str, Any],
    clusters: tuple[str, ...] = CLUSTERS,
    strategy: Strategy = ROLLING,
) -> Task:
    objects = objects or (web(f"killed:{revision}"), manifest(config_map("killed", revision=revision)))
    replicas = {"Deployment/default/killed": 2, "Job/default/killed": 1}
    workloads = sorted({f"{item['kind']}/default/killed" for item in objects} & set(replicas))
    return Task(
        identity=PlacementIdentity(UID, "killed", "shop", "org/project/test"),
        manifests={f"{item['apiVersion']}/{item['kind']}/default/{item['metadata']['name']}": item for item in objects},
        revision=revision,
        target={cluster: {key: replicas[key] for key in workloads} for cluster in clusters},
        members=CLUSTERS,
        strategy=strategy,
        connect=reach,
        show=lambda _: None,
        warn=lambda _: None,
    )


def walked(task: Task) -> Result:
    """Stage by stage, then the end; where it stopped, if it did."""
    stages = [("all", frozenset(CLUSTERS))]
    if isinstance(task.strategy, StagedUpdate):
        stages = [("canary", frozenset({"eu-1"})), ("rest", frozenset({"eu-2", "us-1"}))]
    for name, clusters in stages:
        target = {cluster: task.target[cluster] for cluster in task.target if cluster in clusters}
        part = task if name == "all" else replace(task, target=target, members=tuple(target))
        result = run_rollout(part, name)
        if result.phase is not Phase.COMPLETE:
            return result
    return run_settle(task)


def half_done(reach: Reach) -> None:
    """All clusters have completed one, and two of them have been brought to another."""
    keeping = replace(ROLLING, on_failure=BACK)
    walked(task(reach, "one", strategy=keeping))
    result = run_rollout(task(reach, "two", clusters=("eu-1", "eu-2"), strategy=keeping))
    assert result.phase is Phase.COMPLETE, result


ROLLOUTS = {
    "rollback": Rollout(
        half_done, lambda reach: run_rollback(task(reach, "two", strategy=ROLLING), (("all", frozenset(CLUSTERS)),)), 4
    ),
    "stages with a prune": Rollout(
        lambda reach: walked(task(reach, "one", strategy=STAGED)),
        lambda reach: walked(task(reach, "two", web("killed:two"), strategy=STAGED)),
        6,
    ),
    "move of a copy": Rollout(
        lambda reach: walked(task(reach, "one", clusters=("eu-1",))),
        lambda reach: walked(task(reach, "one", clusters=("us-1",))),
        2,
    ),
    "move that stops first": Rollout(
        lambda reach: walked(task(reach, "one", clusters=("eu-1",))),
        lambda reach: walked(
            replace(task(reach, "one", clusters=("us-1",)), stop_first=True, may_hold=CLUSTERS, held_before={"eu-1"})
        ),
        2,
    ),
    "job before servers": Rollout(
        lambda reach: walked(task(reach, "one", migration("killed:1"), web("killed:1"), clusters=("eu-1", "eu-2"))),
        lambda reach: walked(task(reach, "two", migration("killed:2"), web("killed:2"), clusters=("eu-1", "eu-2"))),
        6,
        waves=True,
    ),
}


@pytest.fixture
def reach(quickstart_lab: Lab) -> Iterator[Reach]:
    opened = {name: connect(name, quickstart_lab.access(name)) for name in CLUSTERS}
    yield opened.__getitem__
    for connection in opened.values():
        connection.close()


def objects(reach: Reach) -> dict[tuple[str, str, str], dict[str, Any]]:
    """All that this placement has anywhere, by cluster, kind and name."""
    found = {}
    for name in CLUSTERS:
        for path in KINDS:
            for item in reach(name).list(path):
                if any(key.startswith("pulumi-kubefleet/") for key in item["metadata"].get("annotations") or {}):
                    found[name, path.rpartition("/")[2], item["metadata"]["name"]] = item
    return found


def state(reach: Reach) -> State:
    """What there is, without what differs from run to run."""
    found: State = {}
    for key, item in objects(reach).items():
        spec, status = item.get("spec") or {}, item.get("status") or {}
        containers = ((spec.get("template") or {}).get("spec") or {}).get("containers") or [{}]
        kept = ("replicas", "availableReplicas", "updatedReplicas", "succeeded")
        revision = item["metadata"]["annotations"].get("pulumi-kubefleet/revision")
        counts = {count: status.get(count) for count in kept}
        found["/".join(key)] = (revision, spec.get("replicas"), containers[0].get("image"), item.get("data"), counts)
    for name in CLUSTERS:
        record = read_inventory_object(reach(name), UID)
        found[name] = record and (record.revision, record.completed, [ref.owner_value for ref in record.objects])
    return found


def run_of(lab: Lab, reach: Reach, rollout: Rollout, steps: int) -> tuple[bool, State, list[str]]:
    """Whether it was killed, what there is at the end, and what has changed too often."""
    since = {name: lab.audited(name) for name in CLUSTERS}
    rollout.before(reach)
    time.sleep(0.3)
    before, begin = objects(reach), datetime.now(UTC)

    def work() -> None:
        own = {name: connect(name, lab.access(name)) for name in CLUSTERS}
        rollout.run(own.__getitem__)

    killed = steps > 0 and run_and_die(work, steps - 1, waves=rollout.waves)
    result = rollout.run(reach)
    assert result.phase in {Phase.COMPLETE, Phase.HELD}, result
    until(lambda: all(settled(item) for item in objects(reach).values()))
    time.sleep(0.3)
    after, wrong = objects(reach), []
    for key in sorted(set(before) & set(after)):
        old, new = before[key]["metadata"], after[key]["metadata"]
        # A Job is another one for each revision.
        if key[1] != "jobs" and (old["uid"] != new["uid"] or new.get("generation", 0) > old.get("generation", 0) + 1):
            wrong.append(f"{key}: generation {old.get('generation')} of {old['uid']} -> {new}")
    logs = {name: list(lab.audit(name, since[name])) for name in CLUSTERS}
    made = watch(logs, "killed", begin).created()
    if made != rollout.pods:
        wrong.append(f"{made} pods were made")
    return killed, state(reach), wrong


def settled(item: dict[str, Any]) -> bool:
    spec, status = item.get("spec") or {}, item.get("status") or {}
    if item.get("kind") == "Job" or "completions" in spec:
        return status.get("succeeded", 0) == 1
    if "replicas" not in spec:
        return True
    counts = {status.get(count, 0) for count in ("replicas", "availableReplicas", "updatedReplicas")}
    return counts == {spec["replicas"]} and status["observedGeneration"] == item["metadata"]["generation"]


IN_LAB = {"rollback", "move of a copy"}
"""Each takes a minute or two: the others only in `make soak`."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.soak, *([pytest.mark.lab] if name in IN_LAB else [])]) for name in ROLLOUTS],
)
def test_killed_anywhere_and_run_again_it_ends_as_one_that_was_not(
    quickstart_lab: Lab, reach: Reach, name: str
) -> None:
    expected: State = {}
    for steps in range(30):
        try:
            killed, found, wrong = run_of(quickstart_lab, reach, ROLLOUTS[name], steps)
        finally:
            gone = run_settle(replace(task(reach, "end"), target={}))
        expected = expected or found
        where = f"killed after {steps - 1} steps"
        assert wrong == [], where
        assert found == expected, where
        assert gone.phase is Phase.COMPLETE
        assert objects(reach) == {}, where
        if steps and not killed:
            assert steps > 3, "it has no steps to be killed between"
            return
    pytest.fail("it never ran to its end")
