"""A queue of which one job runs at a time: who waits for whom, who keeps a place, and who comes next."""

import json
from typing import Any

import pytest

pytestmark = pytest.mark.engine

CLUSTERS = ("eu-1", "eu-2", "us-1")
PROGRAM = """
from pulumi_kubefleet import *

def job(name, image="a:1", seconds="600s", **more):
    after = {f"lab.pulumi-kubefleet/{stage}-after": "50ms" for stage in ("start", "ready", "stop")}
    after["lab.pulumi-kubefleet/complete-after"] = seconds
    pod = {"restartPolicy": "Never", "containers": [{"name": "main", "image": image}]}
    template = {"spec": {"completions": 6, "template": {"metadata": {"annotations": after}, "spec": pod}}}
    fleet.job(name, template=template, queue="batch", **more)

fleet = Fleet("shop", queues={"batch": 1})
for name in ("eu-1", "eu-2", "us-1"):
    fleet.member(name, context=name)
"""


def write(stack: Any, *jobs: str) -> None:
    (stack.folder / "__main__.py").write_text(PROGRAM + "\n".join(jobs) + "\n")


def images(stack: Any) -> set[tuple[str, str]]:
    """(job, image) of all that is on the clusters, but for what is being deleted."""
    found = set()
    for cluster in CLUSTERS:
        for item in json.loads(stack.kubectl(cluster, "get", "jobs", "-n", "default", "-o", "json"))["items"]:
            if "deletionTimestamp" not in item["metadata"]:
                name = item["metadata"]["name"].partition("-g")[0]
                found.add((name, item["spec"]["template"]["spec"]["containers"][0]["image"]))
    return found


def test_one_at_a_time_and_who_begins_anew_keeps_the_place(stack: Any) -> None:
    write(stack, 'job("first")')
    stack.up()
    write(stack, 'job("first")', 'job("second", priority=9)')
    waits = "second waits: 1 of batch run (cap 1): first"
    assert waits in stack.preview()
    stack.up()
    assert images(stack) == {("first", "a:1")}
    # It waits, and that is no change.
    assert waits in stack.preview()

    write(stack, 'job("first", "a:2", on_change="restart")', 'job("second", priority=9)')
    told = stack.preview()
    assert waits in told
    assert "a new template: all of it begins anew" in told
    stack.up()
    assert images(stack) == {("first", "a:2")}

    write(stack, 'job("first", "a:3", "100ms", on_change="restart", wait="completed")', 'job("second", priority=9)')
    stack.up()
    assert images(stack) == {("first", "a:3")}
    assert "waits" not in stack.preview()
    stack.up()
    assert images(stack) == {("first", "a:3"), ("second", "a:1")}
    assert "to update" not in stack.preview()
