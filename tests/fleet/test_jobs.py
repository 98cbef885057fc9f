"""Jobs along their lives: dispatched, looked at, changed, lost with a cluster, cancelled."""

import json
import time

import pytest

from kubefleet.jobs.codec import from_json

pytestmark = pytest.mark.engine

CLUSTERS = ("eu-1", "eu-2", "us-1")
JOBS = ("get", "jobs", "-n", "default", "-l", "pulumi-kubefleet/job", "-o", "json")


def job(image="sweep:1", seconds="3000s", outcome="done", **arguments):
    """The line of a program: pods that take so long."""
    after = {f"lab.pulumi-kubefleet/{stage}-after": "50ms" for stage in ("start", "ready", "stop")}
    after |= {"lab.pulumi-kubefleet/complete-after": seconds, "lab.pulumi-kubefleet/outcome": outcome}
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "1"}}}
    pod = {"metadata": {"annotations": after}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    template = {"spec": {"completions": 60, "ttlSecondsAfterFinished": 3600, "template": pod}}
    given = "".join(f", {name}={value!r}" for name, value in arguments.items())
    return f'job = fleet.job("sweep", template={template!r}{given})\npulumi.export("state", job.state)'


def shards(stack):
    """(cluster, generation, indexes, image) of every Job."""
    found = []
    for cluster in CLUSTERS:
        for item in of_cluster(stack, cluster):
            generation = int(item["metadata"]["annotations"]["pulumi-kubefleet/generation"])
            image = item["spec"]["template"]["spec"]["containers"][0]["image"]
            found.append((cluster, generation, item["spec"]["completions"], image))
    return sorted(found)


def until_over(stack):
    end = time.monotonic() + 120
    while any("completionTime" not in item["status"] for name in CLUSTERS for item in of_cluster(stack, name)):
        assert time.monotonic() < end
        time.sleep(0.5)


def of_cluster(stack, cluster):
    return json.loads(stack.kubectl(cluster, *JOBS))["items"]


def done(stack):
    return json.loads(stack.run("stack", "output", "state", "--json").stdout)


def test_mistakes_are_told_all_at_once_by_path_in_the_preview(stack):
    stack.write(
        'pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}\n'
        'def of(count=5, **spec): return {"spec": {"completions": count, "template": {"spec": {**pod, **spec}}}}\n'
        'fleet.job("many", template=of(count=1_000_001))\n'
        'fleet.job("pinned", template=of(nodeName="node-1"))\n'
        'fleet.job("peers", template=of(subdomain="peers"))\n'
        'fleet.job("typo", template=of(), wait="complete", divison="pack")\n'
        'fleet.job("where", template=of(), policy=PickFixed("eu-9"), division=Division(weights={"us-9": 2}))\n'
        'fleet.job("other", template={"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "other"}})\n'
    )
    text = stack.preview(code=-1)
    for line in (
        "jobs.many.template.spec.completions: bad completions `1000001` (expected 1 to 1000000).",
        "jobs.pinned.template.spec.template.spec.nodeName: a fixed node",
        "jobs.peers.template.spec.template.spec.subdomain: pods that find each other by host name cannot be divided",
        "jobs.typo.wait: unknown value `complete` (expected one of dispatched, started, completed).",
        "jobs.typo.divison: unknown field `divison`",
        "jobs.where.policy.cluster_names: unknown cluster `eu-9`",
        "jobs.where.division.weights.us-9: unknown cluster `us-9`",
        "jobs.other.template.kind: unknown kind of job `Deployment` of `apps` (expected Job of batch, ",
    ):
        assert line in text
    stack.write(
        'huge = {"containers": [{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "500"}}}]}\n'
        'fleet.job("huge", template={"spec": {"template": {"spec": {**huge, "restartPolicy": "Never"}}}})'
    )
    text = stack.preview(code=-1)
    assert "jobs.huge: no cluster has room for one of its pods, even if nothing else ran there" in text
    assert "2 refused: insufficient cpu (need 500, most free 8)" in text
    assert "1 refused: insufficient cpu (need 500, most free 16)" in text


def test_a_job_is_changed_as_it_says_and_goes_with_the_stack(stack):
    stack.write(job(wait="started"))
    preview = stack.preview()
    assert "sweep: 60 indexes on eu-1, eu-2, us-1, about 1m" in preview
    assert "eu-1 0-" in preview
    stack.up()
    first = shards(stack)
    assert [(cluster, generation) for cluster, generation, _, _ in first] == [("eu-1", 1), ("eu-2", 1), ("us-1", 1)]
    assert sum(count for _, _, count, _ in first) == 60
    assert done(stack) == "running"

    since = stack.events()
    assert "to update" not in stack.preview()
    assert "updated" not in stack.up()
    assert stack.writes(since) == []

    # More indexes: what runs goes on.
    stack.write(job(wait="started", completions=70))
    assert "60 -> 70 indexes" in stack.preview()
    stack.up()
    assert [shard for shard in shards(stack) if shard[1] == 1] == first
    assert sum(count for _, _, count, _ in shards(stack)) == 70
    before = shards(stack)

    # Another template: not while it runs, and nothing is changed.
    stack.write(job(image="sweep:2", completions=70))
    for text in (stack.preview(code=-1), stack.up(code=-1)):
        assert "its template has changed while it runs (0/70 indexes are done" in text
    assert shards(stack) == before
    stack.write(job(wait="started", completions=70))
    stack.up()
    assert shards(stack) == before
    assert "to update" not in stack.preview()

    stack.write(job(image="sweep:2", seconds="200ms", completions=70, on_change="restart", wait="completed"))
    stack.up()
    assert done(stack) == "complete"
    assert {image for _, _, _, image in shards(stack)} == {"sweep:2"}
    assert sum(count for _, _, count, _ in shards(stack)) == 70
    ended = [item for cluster in CLUSTERS for item in of_cluster(stack, cluster)]
    assert {item["spec"]["ttlSecondsAfterFinished"] for item in ended} == {3600}

    # A refresh reads what has been done, and the next `up` what that means.
    stack.write(job(image="sweep:3", seconds="200ms"))
    stack.up()
    until_over(stack)
    stack.run("refresh", "--yes")
    (found,) = (item["outputs"] for item in stack.state() if item["type"].endswith("Dispatch"))
    assert len(from_json(found["account"]).done) == 60
    assert "complete: all 60 indexes are done" in stack.up()
    assert done(stack) == "complete"

    # Once for each template, even when its Jobs are gone.
    for cluster in CLUSTERS:
        stack.kubectl(cluster, "delete", "jobs", "-n", "default", "--all")
    assert "updated" not in stack.up()
    assert shards(stack) == []


def test_one_that_fails_says_so_stops_and_begins_anew_when_it_is_mended(stack):
    stack.write(job(seconds="500ms", outcome="failed", wait="completed"))
    wrong = "the job itself is wrong"
    text = stack.up(code=-1)
    assert "sweep failed: most of its first indexes fail on " in text
    assert wrong in text
    kept = [item["metadata"]["uid"] for name in CLUSTERS for item in of_cluster(stack, name)]
    # It is told again, and not run again.
    assert wrong in stack.up(code=-1)
    assert [item["metadata"]["uid"] for name in CLUSTERS for item in of_cluster(stack, name)] == kept
    stack.write(job(seconds="100ms", wait="completed"))
    stack.up()
    assert done(stack) == "complete"
    assert not set(kept) & {item["metadata"]["uid"] for name in CLUSTERS for item in of_cluster(stack, name)}
    assert "to update" not in stack.preview()


def test_what_a_lost_cluster_had_goes_elsewhere_and_is_cancelled_when_it_is_back(stack):
    stack.write(job(lost_after="1s", wait="started"))
    stack.up()
    (lost,) = (count for cluster, _, count, _ in shards(stack) if cluster == "eu-2")
    stack.lab.kill("eu-2")
    try:
        assert "eu-2 is silent" in stack.up()
        time.sleep(2)
        assert "eu-2 is given up" in stack.preview()
        stack.up()
    finally:
        stack.lab.restart("eu-2")
    assert ("eu-2", 1) in {(cluster, generation) for cluster, generation, _, _ in shards(stack)}
    assert sum(count for _, generation, count, _ in shards(stack) if generation == 2) == lost
    assert "generation 1 on eu-2 is to be stopped" in stack.up()
    assert ("eu-2", 1) not in {(cluster, generation) for cluster, generation, _, _ in shards(stack)}
    assert sum(count for _, _, count, _ in shards(stack)) == 60
    assert "to update" not in stack.preview()

    # One that is away while all else ends is seen to when it is back.
    stack.lab.kill("us-1")
    try:
        stack.write(job(image="sweep:2", seconds="300ms", on_change="restart", wait="completed"))
        stack.up()
        assert done(stack) == "complete"
        assert "to update" not in stack.preview()
    finally:
        stack.lab.restart("us-1")
    assert {image for cluster, _, _, image in shards(stack) if cluster == "us-1"} == {"sweep:1"}
    assert "us-1 is back" in stack.up()
    assert "us-1" not in {cluster for cluster, _, _, _ in shards(stack)}
    assert "to update" not in stack.preview()

    # Who cannot be asked is not forgotten: what it has might run on.
    stack.lab.kill("eu-1")
    try:
        refused = stack.run("destroy", "--yes", code=-1)
        assert "shop/sweep is not cancelled: eu-1" in refused.stdout
        assert "KUBEFLEET_ABANDON=eu-1" in refused.stdout
    finally:
        stack.lab.restart("eu-1")
    stack.run("destroy", "--yes")
    assert shards(stack) == []
