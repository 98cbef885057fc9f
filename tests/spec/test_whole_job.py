"""The record of a job of another kind: what it asks of the scheduler."""

from typing import Any

import pytest

from kubefleet.spec.job import JobDeclared, parse_job
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

API = "jobset.x-k8s.io/v1alpha2/JobSet"


def pod(name: str, cpu: str, count: int) -> dict[str, Any]:
    container = {"resources": {"requests": {"cpu": cpu}}}
    return {"kind": "Pod", "namespace": "ml", "name": name, "replicas": count, "pod": {"containers": [container]}}


def parsed(**more: Any) -> tuple[JobDeclared | None, list[Mistake]]:
    pods = [pod("train-0", "1", 1), pod("train-1", "6", 4)]
    raw = {"revision": "r", "api": API, "workloads": pods, "total": 1, "at_once": 1, "whole": True, **more}
    mistakes: list[Mistake] = []
    return parse_job("train", raw, frozenset({"a", "b"}), mistakes), mistakes


def test_all_of_its_pods_are_asked_for_at_once_where_the_kind_is_served() -> None:
    job, mistakes = parsed()
    assert job is not None
    assert mistakes == []
    request = job.request.request
    assert not request.divides
    assert [(work.replicas, work.pod.requests["cpu"]) for work in request.workloads] == [(1, 1000), (4, 6000)]
    assert request.needs_apis == {API}
    assert (job.request.demand.completions, job.request.demand.parallelism) == (1, 1)


@pytest.mark.parametrize("field", ["completions", "parallelism", "gang"])
def test_what_is_said_of_indexes_is_said_of_a_job_that_is_divided(field: str) -> None:
    _, (mistake,) = parsed(**{field: "one-cluster" if field == "gang" else 3})
    assert mistake.path == f"jobs.train.{field}"
    assert (
        mistake.message == f"of a job that is dispatched whole (expected none: its template, a {API}, says what runs)."
    )
