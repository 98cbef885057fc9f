"""Waiting on one cluster, played by a server that tells each look and each event as scripted."""

import json
import re
import time
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from kubefleet.health.checks import Cel, Check, HttpProbe, UnverifiedWait
from kubefleet.health.status import available, progressing
from kubefleet.kube.connection import Connection
from kubefleet.kube.object_ref import ObjectRef
from kubefleet.model.subject import Subject
from kubefleet.rollout.waiting import Unhealthy, Waiting

pytestmark = pytest.mark.fast

PLURALS = {"deployments": "Deployment", "jobs": "Job", "persistentvolumeclaims": "PersistentVolumeClaim"}
WEB = ObjectRef("apps/v1", "Deployment", "a", "web")
JOB = ObjectRef("batch/v1", "Job", "a", "once")
CLAIM = ObjectRef("v1", "PersistentVolumeClaim", "a", "data")
THING, OTHER = (ObjectRef("example.com/v1", "Thing", "a", name) for name in ("thing", "other"))


class Cluster:
    """Objects by name: what the first look finds (None: nothing), then `(seconds since that look, state)`."""

    def __init__(self, api: HTTPServer, **scripts: list[Any]) -> None:
        self.scripts = scripts
        self.looked: dict[str, float] = {}
        self.asked: list[str] = []
        for path, groups in (
            ("/api", {"": [CLAIM]}),
            ("/apis", {"apps": [WEB], "batch": [JOB], "example.com": [THING]}),
        ):
            api.expect_request(path).respond_with_json(_discovery(groups))
        api.expect_request(re.compile("/api.*/.*")).respond_with_handler(self._answer)

    def _state(self, name: str) -> dict[str, Any] | None:
        first, *later = self.scripts[name]
        if name not in self.looked:
            self.looked[name] = time.monotonic()
            later = []
        passed = time.monotonic() - self.looked[name]
        return [first, *(state for seconds, state in later if seconds <= passed)][-1]

    def _answer(self, request: Request) -> Response:
        name = request.args.get("fieldSelector", "").removeprefix("metadata.name=")
        if request.args.get("watch"):
            return Response(self._events(name, int(request.args["timeoutSeconds"])))
        self.asked.append(name or request.path.rpartition("/")[2])
        found = self._state(self.asked[-1])
        if not name:
            return Response(json.dumps(found or {"code": 404}), 200 if found else 404)
        metadata = {"resourceVersion": "5"}
        if found is None:
            return Response(json.dumps({"metadata": metadata, "items": []}))
        head = {"apiVersion": found["apiVersion"], "kind": f"{found['kind']}List", "metadata": metadata}
        item = found if name in ("thing", "other") else {key: found[key] for key in ("metadata", "spec", "status")}
        return Response(json.dumps({**head, "items": [item]}))

    def _events(self, name: str, seconds: int) -> Any:
        end, before = time.monotonic() + seconds, self._state(name)
        while time.monotonic() < end:
            now = self._state(name)
            if now != before:
                yield json.dumps({"type": "MODIFIED" if now else "DELETED", "object": now or before}).encode() + b"\n"
            before = now
            time.sleep(0.02)


def _discovery(groups: dict[str, list[ObjectRef]]) -> dict[str, Any]:
    items = []
    for group, refs in groups.items():
        plurals = {kind: plural for plural, kind in PLURALS.items()}
        resources = [
            {
                "resource": plurals.get(ref.kind, "things"),
                "responseKind": {"kind": ref.kind},
                "scope": "Namespaced",
                "verbs": ["get", "list"],
            }
            for ref in refs
        ]
        items.append({"metadata": {"name": group}, "versions": [{"version": "v1", "resources": resources}]})
    return {"kind": "APIGroupDiscoveryList", "items": items}


def state(ref: ObjectRef, *, spec: Any = None, **status: Any) -> dict[str, Any]:
    metadata = {"namespace": ref.namespace, "name": ref.name, "generation": 2, "resourceVersion": "5"}
    return {"apiVersion": ref.api_version, "kind": ref.kind, "metadata": metadata, "spec": spec or {}, "status": status}


def rolled(updated: int) -> dict[str, Any]:
    counts = {"observedGeneration": 2, "replicas": 4, "updatedReplicas": updated, "availableReplicas": 4}
    return state(WEB, spec={"replicas": 4}, **counts, conditions=[{"type": "Available", "status": "True"}])


def conditions(kind: str, status: str) -> list[dict[str, str]]:
    return [{"type": kind, "status": status}]


class Waited:
    """A wait and what it has said."""

    def __init__(
        self, connection: Connection, *, within: float = 5, unverified_wait: float = 60, checks: tuple[Check, ...] = ()
    ) -> None:
        self.warnings: list[str] = []
        self.seen: list[str] = []
        self.wait = Waiting(
            connection,
            time.monotonic() + within,
            unverified_wait,
            lambda ref, _: self.seen.append(ref.name),
            self.warnings.append,
            checks,
        )

    def seconds(self, *refs: ObjectRef) -> float:
        started = time.monotonic()
        self.wait(refs)
        return time.monotonic() - started


def test_a_deployment_in_mid_rollout_is_not_available_though_enough_of_its_pods_are(
    api: HTTPServer, connection: Connection
) -> None:
    Cluster(api, web=[rolled(2), (0.5, rolled(4))])
    assert Waited(connection).seconds(WEB) >= 0.5


def test_a_job_that_completes_between_the_first_look_and_the_list_is_complete(
    api: HTTPServer, connection: Connection
) -> None:
    Cluster(api, once=[state(JOB), (0, state(JOB, conditions=conditions("Complete", "True")))])
    waited = Waited(connection, within=2)
    waited.wait([JOB])
    assert waited.warnings == []


def test_an_object_whose_health_nobody_can_tell_passes_with_a_warning_after_its_time(
    api: HTTPServer, connection: Connection
) -> None:
    Cluster(api, thing=[state(THING)])
    waited = Waited(connection, within=20, unverified_wait=1)
    assert 1 <= waited.seconds(THING) < 3
    assert waited.warnings == ["eu-1: Thing a/thing: health is unverified: passed after 1 s"]


def test_the_time_of_unverified_objects_passes_once_for_all_and_while_others_are_waited_for(
    api: HTTPServer, connection: Connection
) -> None:
    Cluster(api, thing=[state(THING)], other=[state(OTHER)], web=[rolled(2), (0.5, rolled(4))])
    waited = Waited(connection, within=20, unverified_wait=1)
    assert 1 <= waited.seconds(THING, OTHER, WEB) < 3
    # A later wave of the same step asks for all objects again.
    assert waited.seconds(THING, OTHER, WEB) < 1
    assert [line.split(":")[1] for line in waited.warnings] == [" Thing a/other", " Thing a/thing"]


def test_an_unverified_object_that_then_says_how_it_is_is_judged_by_that(
    api: HTTPServer, connection: Connection
) -> None:
    ready, not_ready = (state(THING, conditions=conditions("Ready", status)) for status in ("True", "False"))
    Cluster(api, thing=[state(THING), (0.3, not_ready), (1.5, ready)])
    waited = Waited(connection, within=20, unverified_wait=1)
    assert waited.seconds(THING) >= 1.5
    assert waited.warnings == []


def test_an_unverified_object_that_vanishes_does_not_pass(api: HTTPServer, connection: Connection) -> None:
    Cluster(api, thing=[state(THING), (0.3, None)])
    waited = Waited(connection, within=1.5, unverified_wait=1)
    with pytest.raises(Unhealthy, match="eu-1: Thing a/thing is not available: it was not found when its time was up"):
        waited.wait([THING])
    assert waited.warnings == []


def test_an_unverified_object_does_not_pass_before_its_time_even_at_the_deadline(
    api: HTTPServer, connection: Connection
) -> None:
    Cluster(api, thing=[state(THING)])
    waited = Waited(connection, within=1)
    with pytest.raises(Unhealthy, match=r"health is unverified \(it has none of the conditions .*\) when its time"):
        waited.wait([THING])
    assert waited.warnings == []


def test_an_object_that_has_failed_ends_the_wait_whatever_stands_before_it(
    api: HTTPServer, connection: Connection
) -> None:
    Cluster(api, once=[state(JOB, conditions=conditions("Failed", "True"))], web=[rolled(2)])
    with pytest.raises(Unhealthy, match="Job a/once is not available: Failed"):
        Waited(connection).wait([WEB, JOB])


def pending(storage_class: str) -> dict[str, Any]:
    return state(CLAIM, spec={"storageClassName": storage_class}, phase="Pending")


def test_a_claim_that_binds_with_its_first_pod_is_available(api: HTTPServer, connection: Connection) -> None:
    cluster = Cluster(api, data=[pending("late")], late=[{"volumeBindingMode": "WaitForFirstConsumer"}])
    assert Waited(connection).seconds(CLAIM) < 2
    assert cluster.asked == ["data", "late"]


@pytest.mark.parametrize("storage_class", [{"volumeBindingMode": "Immediate"}, None])
def test_a_claim_of_any_other_class_or_of_one_that_is_not_there_has_to_be_bound(
    api: HTTPServer, connection: Connection, storage_class: Any
) -> None:
    Cluster(api, data=[pending("late"), (0.5, state(CLAIM, phase="Bound"))], late=[storage_class])
    assert Waited(connection).seconds(CLAIM) >= 0.5


def test_a_class_that_may_not_be_read_is_not_known(api: HTTPServer, connection: Connection) -> None:
    refused = {"code": 403, "reason": "Forbidden", "message": "may not get"}
    api.expect_request("/apis/storage.k8s.io/v1/storageclasses/late").respond_with_json(refused, 403)
    Cluster(api, data=[pending("late")])
    with pytest.raises(Unhealthy, match="phase Pending when its time was up"):
        Waited(connection, within=1).wait([CLAIM])


RUNS = (Check(Subject("Thing", "example.com"), Cel("object.status.phase == 'Running'")),)


def test_a_custom_resource_with_a_check_is_waited_for_until_it_holds(api: HTTPServer, connection: Connection) -> None:
    Cluster(api, thing=[state(THING), (0.3, state(THING, phase="Starting")), (0.6, state(THING, phase="Running"))])
    waited = Waited(connection, within=20, unverified_wait=0.1, checks=RUNS)
    assert 0.6 <= waited.seconds(THING) < 5
    assert waited.warnings == []


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"phase": "Starting"}, "`object.status.phase == 'Running'` is false"),
        ({}, "`object.status.phase == 'Running'`: Key not found in map : \"phase\""),
        ({"phase": "Running", "observedGeneration": 1}, "its controller has seen generation 1 of 2"),
    ],
)
def test_a_check_that_does_not_hold_fails_when_time_is_up(
    api: HTTPServer, connection: Connection, status: dict[str, Any], why: str
) -> None:
    Cluster(api, thing=[state(THING, **status)])
    with pytest.raises(Unhealthy) as error:
        Waited(connection, within=0.5, unverified_wait=0.1, checks=RUNS).wait([THING])
    assert str(error.value) == f"eu-1: Thing a/thing is not available: {why} when its time was up"


def test_a_check_is_about_its_own_objects_only(api: HTTPServer, connection: Connection) -> None:
    Cluster(api, web=[rolled(4)], thing=[state(THING, phase="Running")])
    waited = Waited(connection, within=20, checks=RUNS)
    assert waited.seconds(WEB, THING) < 5


def test_what_is_asked_is_asked_again_though_the_object_does_not_change(
    api: HTTPServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubefleet.rollout.waiting._ASK_AGAIN", 0.3)
    Cluster(api, web=[rolled(4)])
    answers = [progressing("busy"), progressing("busy"), available()]
    probe = HttpProbe("/ready", send=lambda _probe, _live: answers.pop(0))
    assert Waited(connection, checks=(Check(Subject("Deployment"), probe),)).seconds(WEB) < 3
    assert answers == []


def test_what_cannot_be_asked_until_time_is_up_has_failed_with_the_reason(
    api: HTTPServer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubefleet.rollout.waiting._ASK_AGAIN", 0.3)
    Cluster(api, web=[rolled(4)])
    probe = HttpProbe("/ready", send=lambda _probe, _live: progressing("no endpoints"))
    with pytest.raises(Unhealthy, match="is not available: no endpoints when its time was up"):
        Waited(connection, within=1, checks=(Check(Subject("Deployment"), probe),)).seconds(WEB)


def test_what_nobody_can_tell_passes_after_the_wait_of_its_own_kind(api: HTTPServer, connection: Connection) -> None:
    Cluster(api, thing=[state(THING)])
    check = Check(Subject("Thing"), UnverifiedWait(1), replaces=True)
    waited = Waited(connection, checks=(check,))
    assert 0.9 < waited.seconds(THING) < 3
    assert waited.warnings == ["eu-1: Thing a/thing: health is unverified: passed after 1 s"]
