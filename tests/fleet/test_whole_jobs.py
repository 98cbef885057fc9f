"""A job of another kind in a program: planned with all of its pods, dispatched whole, tried elsewhere where it fails.

Its controller is played: two of the three members serve the kind.
"""

import json

import pytest

from conftest import kubectl

pytestmark = pytest.mark.engine

CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "jobsets.jobset.x-k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"},
    },
    "spec": {
        "group": "jobset.x-k8s.io",
        "scope": "Namespaced",
        "names": {"plural": "jobsets", "singular": "jobset", "kind": "JobSet"},
        "versions": [
            {
                "name": "v1alpha2",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            part: {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                            for part in ("spec", "status")
                        },
                    }
                },
            }
        ],
    },
}
SERVE = ("eu-1", "eu-2")


@pytest.fixture
def job_sets(quickstart_lab):
    for cluster in SERVE:
        kubectl(quickstart_lab, cluster, "apply", "-f", "-", stdin=json.dumps(CRD))
        kubectl(quickstart_lab, cluster, "wait", "--for=condition=Established", f"crd/{CRD['metadata']['name']}")
    yield
    for cluster in SERVE:
        kubectl(quickstart_lab, cluster, "delete", f"crd/{CRD['metadata']['name']}")


def program(workers=2, **arguments):
    def job(name, replicas, cpu):
        container = {"name": "main", "image": "train:1", "resources": {"requests": {"cpu": cpu}}}
        pod = {"spec": {"restartPolicy": "Never", "containers": [container]}}
        return {"name": name, "replicas": replicas, "template": {"spec": {"template": pod}}}

    template = {
        "apiVersion": "jobset.x-k8s.io/v1alpha2",
        "kind": "JobSet",
        "spec": {"replicatedJobs": [job("driver", 1, "1"), job("work", workers, "6")]},
    }
    given = "".join(f", {name}={value!r}" for name, value in arguments.items())
    return f'job = fleet.job("train", template={template!r}{given})\npulumi.export("state", job.state)'


def there(stack):
    """(cluster, name) of every JobSet."""
    return [
        (cluster, item["metadata"]["name"])
        for cluster in SERVE
        for item in json.loads(stack.kubectl(cluster, "get", "jobsets", "-n", "default", "-o", "json"))["items"]
    ]


def becomes(stack, cluster, name, how):
    status = {"status": {"conditions": [{"type": how, "status": "True"}]}}
    patch = ("patch", "jobset", name, "-n", "default", "--subresource=status", "--type=merge", "-p", json.dumps(status))
    stack.kubectl(cluster, *patch)


def state(stack):
    return json.loads(stack.run("stack", "output", "state", "--json").stdout)


def test_a_job_of_another_kind_goes_whole_to_one_cluster_and_on_to_another_where_it_fails(job_sets, stack):
    # The pods of two workers and the driver have room on eu-1, those of four on no cluster that serves the kind.
    stack.write(program(workers=9))
    text = stack.preview(code=-1)
    assert "jobs.train: no cluster has room for" in text
    stack.write(program())
    preview = stack.preview()
    assert "jobset.x-k8s.io/v1alpha2/JobSet" in preview
    stack.up()
    assert (there(stack), state(stack)) == ([("eu-1", "train-g1")], "running")
    assert "to update" not in stack.preview()

    becomes(stack, "eu-1", "train-g1", "Failed")
    stack.up()
    assert there(stack) == [("eu-1", "train-g1"), ("eu-2", "train-g2")]
    becomes(stack, "eu-2", "train-g2", "Completed")
    stack.up()
    assert state(stack) == "complete"
    stack.run("destroy", "--yes")
    assert there(stack) == []
