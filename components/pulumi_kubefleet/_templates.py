"""The template of a job, as its resources get it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from kubefleet.jobs.flaws import flaws
from kubefleet.jobs.indexes import MOST
from kubefleet.jobs.template import completions_of, parallelism_of
from kubefleet.spec.manifests import load_manifests
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.workload_cut import cut_workload
from pulumi_kubefleet._known import when_known
from pulumi_kubefleet.job import Job


@dataclass(frozen=True, slots=True)
class Template:
    """The Job; `record` is what `Schedule` gets of it: `{revision, workload, total, at_once?}`."""

    object: Mapping[str, Any]
    record: Mapping[str, Any]


def read_template(job: Job) -> tuple[Template | None, list[Mistake]]:
    """The template, and every mistake in it; None if there is none."""
    path = f"jobs.{job.job_name}"
    namespace = job._raw.get("namespace")
    objects, wrong = load_manifests(
        [_named(job._template, job.job_name)],
        path=path,
        base=Path.cwd(),
        namespace=namespace if isinstance(namespace, str) else None,
    )
    mistakes = [Mistake(_of_template(path, item.path), item.message, item.where) for item in wrong]
    where = join(path, "template")
    if mistakes:
        return None, mistakes
    if len(objects) != 1:
        return None, [Mistake(where, f"{len(objects)} objects (expected one, a Job of batch/v1).")]
    (item,) = objects
    if (item.object["apiVersion"], item.object["kind"]) != ("batch/v1", "Job"):
        seen = f"{item.object['apiVersion']} {item.object['kind']}"
        return None, [Mistake(where, f"a {seen} (expected a Job of batch/v1).", _place(item.where, path))]
    template = _with_completions(item.object, job._raw.get("completions"))
    found = [
        Mistake(join(where, *steps), message, _place(item.where, path))
        for steps, message in flaws(template, divided=True)
    ]
    if found:
        return None, found
    record = {
        "revision": when_known(_joined(template), _revision),
        "workload": cut_workload(template, when_known),
        "total": completions_of(template),
        "at_once": parallelism_of(template),
    }
    return Template(template, {key: value for key, value in record.items() if value is not None}), []


def _named(source: Any, name: str) -> Any:
    """A dict need not say what the program says already."""
    if not isinstance(source, Mapping) or isinstance(source.get("metadata"), pulumi.Output):
        return source
    metadata = source.get("metadata") or {}
    named = {"name": name, **metadata} if isinstance(metadata, Mapping) else metadata
    return {"apiVersion": "batch/v1", "kind": "Job", **source, "metadata": named}


def _of_template(path: str, found: str) -> str:
    """`load_manifests` speaks of manifests; a job has but one, its template."""
    return found.replace(join(path, "manifests", 0), join(path, "template")).replace(
        join(path, "manifests"), join(path, "template")
    )


def _place(where: str, path: str) -> str:
    """A file and its line; nothing where it is the argument itself."""
    return "" if where.startswith(path) else where


def _with_completions(template: Mapping[str, Any], completions: Any) -> dict[str, Any]:
    """What is no count is told of as the argument that it is."""
    if not isinstance(completions, int) or not 1 <= completions <= MOST:
        return dict(template)
    return {**template, "spec": {**(template.get("spec") or {}), "completions": completions}}


def _joined(template: Mapping[str, Any]) -> Any:
    """Without what may change while it runs: how many indexes it has, and how many run at once."""
    spec = {
        key: value for key, value in (template.get("spec") or {}).items() if key not in ("completions", "parallelism")
    }
    return pulumi.Output.from_input({**template, "spec": spec})


def _revision(template: Any) -> str:
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
