"""Gangs as programs declare them: planned, begun together, queued, and gone with the stack."""

import json

import pytest

pytestmark = pytest.mark.engine

CLUSTERS = ("eu-1", "eu-2", "us-1")
GANG = "pulumi-kubefleet/job"
HOLD = "pulumi-kubefleet/placeholder-of"


def gang(name, pods, kind="all-or-nothing", **arguments):
    """The line of a program: pods of which two fit on most nodes of the lab, 22 in all."""
    after = {f"lab.pulumi-kubefleet/{stage}-after": "50ms" for stage in ("start", "ready", "stop")}
    after["lab.pulumi-kubefleet/complete-after"] = "600s"
    container = {"name": "main", "image": "a:1", "resources": {"requests": {"cpu": "3500m"}}}
    pod = {"metadata": {"annotations": after}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    given = "".join(f", {key}={value!r}" for key, value in arguments.items())
    template = {"spec": {"completions": pods, "template": pod}}
    return f'fleet.job("{name}", template={template!r}, gang="{kind}"{given})\n'


def there(stack, kind, label=GANG):
    found = []
    for cluster in CLUSTERS:
        items = json.loads(stack.kubectl(cluster, "get", kind, "-n", "default", "-l", label, "-o", "json"))["items"]
        found += [(cluster, item) for item in items]
    return found


def test_a_gang_along_its_life(stack):
    stack.write(
        gang("typo", 3, kind="both")
        + 'pod = {"spec": {"restartPolicy": "Never", "containers": [{"name": "a", "image": "a:1"}]}}\n'
        + 'one = {"name": "a", "template": {"spec": {"template": pod}}}\n'
        + 'job_set = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet", "spec": {"replicatedJobs": [one]}}\n'
        + 'fleet.job("set", template=job_set, gang="one-cluster")\n'
    )
    text = stack.preview(code=-1)
    assert "jobs.set.gang: of a job that is dispatched whole" in text
    assert "jobs.typo.gang: unknown value `both` (expected one of one-cluster, all-or-nothing)." in text
    stack.write(gang("never", 23) + gang("narrow", 9, kind="one-cluster"))
    text = stack.preview(code=-1)
    never = "jobs.never: no room for all 23 pods at once; there is room for 22: eu-1 8, eu-2 6, us-1 8"
    assert f"{never}, even if nothing else ran there" in text
    assert "jobs.narrow: no room for all 9 pods at once; the most are 8, in eu-1" in text

    # One runs on several clusters; there is no room for the other beside it, and nothing of that is anywhere.
    both = gang("first", 14, priority=1) + gang("second", 10)
    stack.write(both)
    text = stack.preview()
    assert "first: 14 indexes on eu-1, eu-2" in text
    assert "second: queued: no room for all 10 pods at once; there is room for 8" in text
    text = stack.up()
    assert "held: no cluster has room for it now. Run `pulumi up` again when there is some" in text
    jobs = there(stack, "jobs")
    assert {(cluster, job["metadata"]["name"], job["status"]["ready"]) for cluster, job in jobs} == {
        ("eu-1", "first-g1", 8),
        ("eu-2", "first-g1", 6),
    }
    assert there(stack, "jobs,pods", HOLD) == []
    assert "queued: no room for all 10 pods" in stack.preview()

    # Without the first there is room for it. What runs needs nothing more.
    stack.write(gang("second", 10))
    stack.up()
    stack.up()
    assert sum(job["status"]["ready"] for _, job in there(stack, "jobs")) == 10
    since = stack.events()
    assert "to update" not in stack.preview()
    assert "updated" not in stack.up()
    assert stack.writes(since) == []

    stack.write(gang("second", 11))
    assert "completions went from 10 to 11 while it runs, and a gang is one whole" in stack.preview(code=-1)
    stack.run("destroy", "--yes")
    assert there(stack, "jobs,pods") == []
    assert there(stack, "jobs,pods", HOLD) == []
