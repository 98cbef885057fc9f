"""A rollout that fails goes back on real clusters: to what was there before, the last first, within its budget."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lab_objects import PREFIX, QUICK, config_map, deployment, template

from availability import watch
from kubefleet.kube import Cancelled, connect
from kubefleet.kube.errors import ApiError
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.kept_revision import kept_ref
from kubefleet.kube.object_access import find
from kubefleet.kube.placement_identity import PlacementIdentity
from kubefleet.model.on_failure import OnFailure, Then
from kubefleet.model.phase import Phase
from kubefleet.model.strategy import RollingUpdate, Share, SpreadUpdate, Stage, StagedUpdate
from kubefleet.rollout import rollback
from kubefleet.rollout.rollback import run_rollback
from kubefleet.rollout.settle import run_settle
from kubefleet.rollout.task import Task
from kubefleet.rollout.walk import run_rollout

pytestmark = pytest.mark.lab

CLUSTERS = ("eu-1", "eu-2", "us-1")
UID = "00000000000000bb"
BACK = OnFailure(Then.ROLLBACK)
ROLLING = RollingUpdate(Share(1), Share(1), progress_deadline=60, on_failure=BACK)
ALL = (("all", frozenset(CLUSTERS)),)


def web(image="web:1", *, ready=True, replicas=2):
    annotations = {} if ready else {"never_ready": "true"}
    made = deployment("going", replicas, **annotations)
    made["spec"]["template"]["spec"]["containers"][0]["image"] = image
    made["metadata"]["namespace"] = "default"
    return made


def secret(**data):
    metadata = {"name": "going", "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data}


def settings(name, **data):
    made = config_map(name, **data)
    made["metadata"]["namespace"] = "default"
    return made


@pytest.fixture
def connections(quickstart_lab):
    opened = {name: connect(name, quickstart_lab.access(name)) for name in CLUSTERS}
    yield opened
    for connection in opened.values():
        connection.close()


@pytest.fixture
def task(connections):
    """Makes tasks of one placement; what it has placed is removed afterwards."""

    def make(revision, *objects, clusters=CLUSTERS, strategy=ROLLING, deadline=60):
        replicas = {
            f"{item['kind']}/default/going": item["spec"]["replicas"]
            for item in objects
            if item["kind"] in {"Deployment", "StatefulSet"}
        }
        return Task(
            identity=PlacementIdentity(UID, "going", "shop", "org/project/test"),
            manifests={
                f"{item['apiVersion']}/{item['kind']}/default/{item['metadata']['name']}": item for item in objects
            },
            revision=revision,
            target=dict.fromkeys(clusters, replicas),
            members=CLUSTERS,
            strategy=replace(strategy, progress_deadline=deadline),
            connect=connections.__getitem__,
            show=lambda _: None,
            warn=lambda _: None,
        )

    yield make
    assert run_settle(replace(make("end"), target={})).phase is Phase.COMPLETE


def done(task):
    for run in (run_rollout, run_settle):
        result = run(task)
        assert (result.phase, result.pending) == (Phase.COMPLETE, ()), result


def images(connections, kind="deployments"):
    found = {}
    for name, connection in connections.items():
        live = connection.get(f"/apis/apps/v1/namespaces/default/{kind}/going")
        found[name] = live["spec"]["template"]["spec"]["containers"][0]["image"]
    return found


def records(connections):
    found = {name: read_inventory_object(connection, UID) for name, connection in connections.items()}
    return {name: (record.revision, record.completed) for name, record in found.items()}


def keeps(connection):
    return find(connection, kept_ref(UID)) is not None


def test_what_was_touched_goes_back_and_all_is_as_before(task, connections, quickstart_lab):
    done(task("one", web(), secret(word="old"), settings("going"), settings("former")))
    before = {
        name: connection.get("/apis/apps/v1/namespaces/default/deployments/going")["spec"]
        for name, connection in connections.items()
    }
    since = quickstart_lab.audited("us-1")
    two = task(
        "two", web("web:2", ready=False), secret(word="new"), settings("going", a="1"), settings("latter"), deadline=6
    )
    failed = run_rollout(two)
    assert (failed.phase, failed.broken) == (Phase.FAILED, True)
    assert failed.reason.startswith("eu-1: Deployment default/going is not available: ")
    assert images(connections) == {"eu-1": "web:2", "eu-2": "web:1", "us-1": "web:1"}
    assert keeps(connections["eu-1"])
    assert not keeps(connections["eu-2"])

    back = run_rollback(replace(two, strategy=ROLLING), ALL)
    assert (back.phase, back.reason) == (Phase.HELD, "rolled back: eu-1 to revision one")
    for name, connection in connections.items():
        assert connection.get("/apis/apps/v1/namespaces/default/deployments/going")["spec"] == before[name]
        assert connection.get("/api/v1/namespaces/default/configmaps/going").get("data") in ({}, None)
        assert connection.get("/api/v1/namespaces/default/configmaps/former")
        assert connection.get("/api/v1/namespaces/default/secrets/going")["data"] == {"word": "b2xk"}
    with pytest.raises(ApiError, match="latter"):
        connections["eu-1"].get("/api/v1/namespaces/default/configmaps/latter")
    assert records(connections) == dict.fromkeys(CLUSTERS, ("one", True))
    assert not keeps(connections["eu-1"])
    assert [write for write in quickstart_lab.writes("us-1", since) if write.user == "lab-admin"] == []

    # A mended one starts from there.
    done(task("three", web("web:3"), settings("going")))
    assert set(images(connections).values()) == {"web:3"}
    assert not any(map(keeps, connections.values()))


def test_a_rollback_goes_the_other_way_a_stage_at_a_time_also_in_another_run(task, connections, quickstart_lab):
    stages = (Stage("canary", ("eu-1",)), Stage("europe", ("eu-2",)))
    strategy = StagedUpdate(stages, on_failure=BACK)
    done(task("one", web()))
    whole = task("two", web("web:2"), strategy=strategy)
    assert run_rollout(replace(whole, target={"eu-1": whole.target["eu-1"]}), "canary").phase is Phase.COMPLETE
    assert run_rollout(replace(whole, target={"eu-2": whole.target["eu-2"]}), "europe").phase is Phase.COMPLETE
    ill = task("two", web("web:2", ready=False), strategy=strategy, deadline=5)
    assert run_rollout(replace(ill, target={"us-1": ill.target["us-1"]}), "rest").phase is Phase.FAILED

    since = {name: quickstart_lab.audited(name) for name in CLUSTERS}
    by = (("canary", frozenset({"eu-1"})), ("europe", frozenset({"eu-2"})), ("rest", frozenset({"us-1"})))
    back = run_rollback(task("two", web("web:2"), strategy=strategy), by)
    assert (back.phase, back.reason) == (Phase.HELD, "rolled back: eu-1, eu-2, us-1 to revision one")
    assert images(connections) == dict.fromkeys(CLUSTERS, "web:1")
    at = {name: _patched(quickstart_lab, name, since[name]) for name in CLUSTERS}
    assert at["us-1"] < at["eu-2"] < at["eu-1"]


def _patched(lab, cluster, since):
    return min(
        event["requestReceivedTimestamp"]
        for event in list(lab.audit(cluster))[since:]
        if event["verb"] == "patch"
        and event["user"]["username"] == "lab-admin"
        and (event.get("objectRef") or {}).get("resource") == "deployments"
    )


def test_pods_are_counted_on_the_way_back_too(task, connections, quickstart_lab):
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}

    def counted(image, **more):
        made = web(image, **more)
        made["spec"]["strategy"] = rolling
        return made

    def spread(least):
        return SpreadUpdate(min_available=Share(least), max_surge=Share(1), on_failure=BACK)

    done(task("one", counted("web:1"), strategy=spread(5)))
    # Two of three have the new revision, and are well; the third gets it, and is not.
    well = task("two", counted("web:2"), clusters=("eu-1", "eu-2"), strategy=spread(3))
    assert run_rollout(replace(well, members=("eu-1", "eu-2"))).phase is Phase.COMPLETE
    ill = task("two", counted("web:2", ready=False), clusters=("us-1",), deadline=6)
    failed = run_rollout(replace(ill, members=("us-1",)))
    assert (failed.phase, failed.broken) == (Phase.FAILED, True)
    begin = datetime.now(UTC)
    back = run_rollback(task("two", counted("web:2"), strategy=spread(5)), ALL)
    assert (back.phase, back.reason) == (Phase.HELD, "rolled back: eu-1, eu-2, us-1 to revision one")
    assert images(connections) == dict.fromkeys(CLUSTERS, "web:1")
    assert records(connections) == dict.fromkeys(CLUSTERS, ("one", True))
    time.sleep(0.2)
    seen = watch({name: list(quickstart_lab.audit(name)) for name in CLUSTERS}, "going", begin)
    assert seen.violations(5) == []


def test_a_rollback_that_is_cut_short_goes_on(task, connections, monkeypatch):
    done(task("one", web()))
    two = task("two", web("web:2", ready=False), deadline=5)
    assert run_rollout(two).phase is Phase.FAILED
    with monkeypatch.context() as patched:
        patched.setattr(rollback, "complete", _cancelled)
        assert run_rollback(replace(two, strategy=ROLLING), ALL).phase is Phase.INTERRUPTED
    assert records(connections)["eu-1"] == ("one", False)
    # What comes next may be the rollout again; what it goes back to is still the revision before.
    assert run_rollout(two).phase is Phase.FAILED
    back = run_rollback(replace(two, strategy=ROLLING), ALL)
    assert (back.phase, back.reason) == (Phase.HELD, "rolled back: eu-1 to revision one")
    assert records(connections) == dict.fromkeys(CLUSTERS, ("one", True))


def _cancelled(connection, *_, **__):
    raise Cancelled(connection.name)


def stateful_set(image, *, ready=True, replicas=2):
    more = {} if ready else {f"{PREFIX}/never-ready": "true"}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "going", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "serviceName": "going",
            "selector": {"matchLabels": {"app": "going"}},
            "template": template("going", QUICK | more, container={"image": image}),
        },
    }


def test_a_broken_pod_of_an_ordered_stateful_set_is_deleted_on_the_way_back_and_when_it_is_mended(task, connections):
    one = ("eu-1",)
    done(task("one", stateful_set("web:1"), clusters=one))
    two = task("two", stateful_set("web:2", ready=False), clusters=one, deadline=6)
    assert run_rollout(two).phase is Phase.FAILED
    back = run_rollback(replace(two, strategy=ROLLING), (("all", frozenset(one)),))
    assert (back.phase, back.reason) == (Phase.HELD, "rolled back: eu-1 to revision one")
    assert run_rollout(two).phase is Phase.FAILED
    done(task("three", stateful_set("web:3"), clusters=one))
    pods = connections["eu-1"].list("/api/v1/namespaces/default/pods", labelSelector="app=going")
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"web:3"}


@pytest.fixture
def full(connections):
    """No new pod starts on eu-1."""
    path = "/api/v1/namespaces/default/resourcequotas"
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "full"}, "spec": {"hard": {"pods": "0"}}}
    connections["eu-1"].post(path, quota)
    gone = []

    def free():
        if not gone:
            gone.append(connections["eu-1"].delete(f"{path}/full"))

    yield free
    free()


@pytest.mark.parametrize("pods", [False, True], ids=["clusters", "pods"])
def test_a_rollout_goes_on_without_a_cluster_that_fails(task, connections, request, pods):
    on_failure = OnFailure(Then.CONTINUE, Share(1))
    strategy = RollingUpdate(Share(2), Share(1), on_failure=on_failure)
    if pods:
        strategy = SpreadUpdate(min_available=Share(3), max_surge=Share(1), on_failure=on_failure)
    done(task("one", web(), strategy=strategy))
    free = request.getfixturevalue("full")
    two = task("two", web("web:2"), strategy=strategy, deadline=8)
    went = run_rollout(two)
    assert (went.phase, went.pending) == (Phase.COMPLETE, ("eu-1",)), went
    assert went.reason.startswith("eu-1: Deployment default/going is not available: ")
    settled = run_settle(replace(two, behind=frozenset(went.pending)))
    assert (settled.phase, settled.pending) == (Phase.COMPLETE, ("eu-1",))
    assert records(connections) == {"eu-1": ("two", False), "eu-2": ("two", True), "us-1": ("two", True)}
    free()
    done(task("two", web("web:2"), strategy=strategy))


def test_clusters_that_have_failed_use_up_what_may_be_unavailable(task, connections, request):
    strategy = RollingUpdate(Share(1), Share(1), on_failure=OnFailure(Then.CONTINUE, Share(2)))
    done(task("one", web(), strategy=strategy))
    request.getfixturevalue("full")
    stopped = run_rollout(task("two", web("web:2"), strategy=strategy, deadline=8))
    assert (stopped.phase, stopped.pending) == (Phase.FAILED, CLUSTERS)
    assert stopped.reason.endswith("; `max_unavailable` lets no other be changed beside 1 that failed: eu-2, us-1")
    assert images(connections) == {"eu-1": "web:2", "eu-2": "web:1", "us-1": "web:1"}


def test_pods_of_what_has_failed_count_as_unavailable(task, connections, request):
    on_failure = OnFailure(Then.CONTINUE, Share(1))
    strategy = SpreadUpdate(min_available=Share(5), max_surge=Share(1), on_failure=on_failure)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}
    one, two = web(), web("web:2")
    one["spec"]["strategy"] = two["spec"]["strategy"] = rolling
    done(task("one", one, strategy=strategy))
    request.getfixturevalue("full")
    stopped = run_rollout(task("two", two, strategy=strategy, deadline=8))
    assert stopped.phase is Phase.FAILED
    assert stopped.reason.startswith(
        "going: 4 of 6 pods are available, at least 5 have to be; what cannot be reached or"
    )
    assert images(connections) == {"eu-1": "web:2", "eu-2": "web:1", "us-1": "web:1"}


def test_where_nothing_was_before_nothing_goes_back(task, connections):
    first = task("one", web(ready=False), deadline=5)
    assert run_rollout(first).phase is Phase.FAILED
    back = run_rollback(first, ALL)
    assert (back.phase, back.reason) == (Phase.HELD, "nothing to roll back to: no cluster has had another revision")
    assert read_inventory_object(connections["eu-1"], UID).revision == "one"


def test_what_does_not_get_back_is_not_written_down_as_back(task, connections, request):
    strategy = replace(ROLLING, max_unavailable=Share(2))
    done(task("one", web(), strategy=strategy))
    two = task("two", web("web:2", ready=False), strategy=strategy, deadline=6)
    assert run_rollout(two).phase is Phase.FAILED
    assert images(connections) == {"eu-1": "web:2", "eu-2": "web:2", "us-1": "web:1"}
    # On one of the two the old pods cannot come back either.
    free = request.getfixturevalue("full")
    for pod in connections["eu-1"].list("/api/v1/namespaces/default/pods", labelSelector="app=going"):
        connections["eu-1"].delete(f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}")
    back = run_rollback(task("two", web("web:2"), strategy=strategy, deadline=8), ALL)
    assert back.phase is Phase.FAILED
    assert back.reason.startswith(
        "rolled back: eu-2 to revision one; not rolled back: eu-1: Deployment default/going is"
    )
    assert records(connections) == {"eu-1": ("one", False), "eu-2": ("one", True), "us-1": ("one", True)}
    free()
    back = run_rollback(task("two", web("web:2"), strategy=strategy), ALL)
    assert (back.phase, back.reason) == (Phase.HELD, "rolled back: eu-1 to revision one")
    assert records(connections) == dict.fromkeys(CLUSTERS, ("one", True))
