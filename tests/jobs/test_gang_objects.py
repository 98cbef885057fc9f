"""What a gang's objects say, and how it stands when its pods fail."""

from dataclasses import replace
from typing import Any

import pytest

from kubefleet.jobs.account import Account, JobSeen, Shard, created, observed, planned
from kubefleet.jobs.gang import Seat
from kubefleet.jobs.gang_objects import confined, hold_class, hold_job, hold_name, network_of
from kubefleet.jobs.gang_state import GangPhase, GangState
from kubefleet.jobs.gang_steps import Progress, begun, gang_verdict, judged, pause, stopped
from kubefleet.jobs.indexes import Indexes, span
from kubefleet.jobs.shard_job import WholeJob
from kubefleet.jobs.verdict import JobPhase
from kubefleet.model.selector import Expr, Operator

pytestmark = pytest.mark.fast

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
RACK = (Expr("rack", Operator.IN, ("r1",)),)
OF_RACK = {"key": "rack", "operator": "In", "values": ["r1"]}
OF_DISK = {"key": "disk", "operator": "Exists"}


def template(**pod: Any) -> dict[str, Any]:
    metadata = {"labels": {"app": "mpi"}, "annotations": {"kueue.x-k8s.io/podset-required-topology": "rack"}}
    return {"spec": {"template": {"metadata": metadata, "spec": {"containers": [{"name": "a", "image": "a"}], **pod}}}}


def terms(pod: Any) -> Any:
    return pod["spec"]["template"]["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"]


@pytest.mark.parametrize(
    ("affinity", "expected"),
    [
        ({}, [{"matchExpressions": [OF_RACK]}]),
        (
            {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [{"matchExpressions": [OF_DISK]}, {"matchFields": []}]}}},
            [{"matchExpressions": [OF_DISK, OF_RACK]}, {"matchFields": [], "matchExpressions": [OF_RACK]}],
        ),
    ],
)
def test_a_network_is_required_beside_all_that_the_pods_say(affinity, expected) -> None:
    given = template(affinity={**affinity, "podAffinity": {}})
    found = confined(given, RACK)
    assert terms(found) == expected
    assert found["spec"]["template"]["spec"]["affinity"]["podAffinity"] == {}
    assert given == template(affinity={**affinity, "podAffinity": {}})
    assert confined(given, ()) is given


def test_the_pods_say_which_label_names_their_network() -> None:
    assert network_of(template()) == "rack"
    assert network_of({"spec": {"template": {}}}) is None


def test_placeholders_take_the_room_of_the_pods_run_nothing_and_give_way_to_everybody() -> None:
    resources = {"requests": {"cpu": "4"}}
    pod = {
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"operator": "Exists"}],
        "initContainers": [{"name": "i", "image": "i:1", "resources": resources, "restartPolicy": "Always"}],
        "containers": [
            {"name": "a", "image": "a:1", "command": ["run"], "env": [{"name": "A"}], "resources": resources}
        ],
        "volumes": [{"name": "v"}],
        "priorityClassName": "high",
        "serviceAccountName": "own",
    }
    job = WholeJob("mpi", "0123456789abcdef", "ml", template(**pod), 4)
    shard = Shard("c", 3, span(0, 4), 2, uid="u-1")
    held = hold_job(job, shard, 660)
    assert held["metadata"]["name"] == "mpi-g3-hold"
    assert held["metadata"]["ownerReferences"] == [
        {"apiVersion": "batch/v1", "kind": "Job", "name": "mpi-g3", "uid": "u-1"}
    ]
    assert (held["spec"]["parallelism"], held["spec"]["activeDeadlineSeconds"]) == (2, 660)
    spec = held["spec"]["template"]["spec"]
    assert (spec["nodeSelector"], spec["tolerations"]) == (pod["nodeSelector"], pod["tolerations"])
    (first,), (main,) = spec["initContainers"], spec["containers"]
    assert (first["restartPolicy"], first["resources"], main["resources"]) == ("Always", resources, resources)
    assert {main["image"], first["image"]} == {"placeholder.invalid/none"}
    assert main["imagePullPolicy"] == "Never"
    assert not {"command", "env"} & main.keys()
    assert not {"volumes", "serviceAccountName"} & spec.keys()
    assert spec["priorityClassName"] == hold_class()["metadata"]["name"]
    assert (hold_class()["value"], hold_class()["preemptionPolicy"]) == (-10, "Never")


def test_a_name_that_is_too_long_is_cut_at_its_end_and_not_at_what_tells_it_apart() -> None:
    assert hold_name("a" * 63) == "a" * 58 + "-hold"


def ran(account: Account, failed: bool) -> Account:
    """One attempt on `a` and `b`, of which a pod on `a` fails for good or all do their work."""
    account = planned(account, {"a": (span(0, 2), 2), "b": (span(2, 4), 2)})
    for shard in account.shards[-2:]:
        account = created(account, shard.cluster, shard.generation, f"{shard.cluster}{shard.generation}")
        ends = failed and shard.cluster == "a"
        done, wrong = (Indexes([1]), Indexes([0])) if ends else (Indexes([0, 1]), Indexes())
        seen = JobSeen(f"{shard.cluster}{shard.generation}", shard.generation, shard.token, done, wrong, True)
        account = observed(account, {shard.cluster: [seen]})
    return account


NOTHING = Progress({}, {})


def test_pods_that_fail_for_good_end_an_attempt_and_after_four_the_job() -> None:
    account, state = Account(4), GangState(GangPhase.RUNNING)
    pauses = []
    for attempts in range(1, 5):
        account, state = judged(ran(account, failed=True), replace(state, phase=GangPhase.RUNNING), NOTHING, 100, 60)
        assert (state.phase, state.attempts, state.excluded) == (GangPhase.QUEUED, attempts, ("a",))
        pauses.append(pause(state))
        told = gang_verdict(account, state, ["a", "b", "c"])
        assert told.phase is (JobPhase.FAILED if attempts == 4 else JobPhase.RUNNING)
    assert pauses == [10, 20, 40, 80]
    assert told.reason == "its pods failed in 4 attempts: a lost its shard, or it failed"


def test_what_is_done_stays_done_and_no_attempt_is_given_up_that_has_ended() -> None:
    account, state = judged(ran(Account(4), failed=False), GangState(GangPhase.STARTING, 7), NOTHING, 10**6, 60)
    assert (len(account.done), state) == (4, GangState(GangPhase.STARTING, 7))
    assert gang_verdict(account, state, ["a", "b"]).phase is JobPhase.COMPLETE


def test_an_attempt_is_about_all_indexes_whatever_an_earlier_one_has_done() -> None:
    account, state = judged(ran(Account(4), failed=True), GangState(GangPhase.RUNNING), NOTHING, 100, 60)
    account, state = begun(account, state, {"b": Seat(span(0, 4), 4, RACK)}, 200)
    (shard,) = (shard for shard in account.shards if shard.generation == 2)
    assert (shard.indexes, shard.slots, state.nodes("b"), state.nodes("a")) == (span(0, 4), 4, RACK, ())
    assert (state.phase, state.since, state.excluded) == (GangPhase.RESERVING, 200, ("a",))
    account, state = stopped(account)
    assert state == GangState()
    assert not any(shard.is_open for shard in account.shards)


def test_one_that_ran_and_lost_pods_has_as_long_as_at_its_start_to_have_them_again() -> None:
    account = planned(Account(4), {"a": (span(0, 2), 2), "b": (span(2, 4), 2)})
    for name in "ab":
        account = created(account, name, 1, name)
    running = GangState(GangPhase.RUNNING, 100)
    assert judged(account, running, Progress({}, {"a": 2}), 500, 60) == (account, running), "b is silent"
    account, state = judged(account, running, Progress({}, {"a": 2, "b": 1}), 500, 60)
    assert state == replace(running, phase=GangPhase.STARTING, since=500)
    assert judged(account, state, Progress({}, {"a": 2, "b": 2}), 559, 60)[1].phase is GangPhase.RUNNING
    _, state = judged(account, state, Progress({}, {"a": 2, "b": 1}), 560, 60)
    assert (state.phase, state.reason) == (GangPhase.QUEUED, "within 60 s 1/2 pods were ready on b")
