"""The template of a job, as its resources get it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from kubefleet.jobs.flaws import flaws
from kubefleet.jobs.gang_objects import network_of
from kubefleet.jobs.indexes import MOST
from kubefleet.jobs.kinds import api_of, kind_of, pods_at_once
from kubefleet.jobs.template import completions_of, parallelism_of
from kubefleet.spec.manifests import load_manifests
from kubefleet.spec.mistakes import Mistake, join
from kubefleet.spec.workload_cut import cut_workload
from pulumi_kubefleet._known import when_known
from pulumi_kubefleet.job import Job


@dataclass(frozen=True, slots=True)
class Template:
    """The Job; `record` is what `Schedule` gets of it: `{revision, api, workloads, total, at_once?, whole?}`."""

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
        return None, [Mistake(where, f"{len(objects)} objects (expected one, a job).")]
    (item,) = objects
    template = _with_completions(item.object, job._raw.get("completions"))
    found = [
        Mistake(join(where, *steps), message, _place(item.where, path))
        for steps, message in flaws(template, divided=job._raw.get("gang") != "one-cluster")
    ]
    if found:
        return None, found
    whole = kind_of(template) is not None
    record = {
        "revision": when_known(_joined(template), _revision),
        "api": api_of(template),
        "workloads": _pods(template) if whole else [cut_workload(template, when_known)],
        "total": 1 if whole else completions_of(template),
        "at_once": 1 if whole else parallelism_of(template),
        "whole": whole or None,
        "network": network_of(template),
    }
    return Template(template, {key: value for key, value in record.items() if value is not None}), []


def _named(source: Any, name: str) -> Any:
    """A dict need not say what the program says already."""
    if not isinstance(source, Mapping) or isinstance(source.get("metadata"), pulumi.Output):
        return source
    metadata = source.get("metadata") or {}
    named = {"name": name, **metadata} if isinstance(metadata, Mapping) else metadata
    return {"apiVersion": "batch/v1", "kind": "Job", **source, "metadata": named}


def _pods(template: Mapping[str, Any]) -> list[dict[str, Any] | None]:
    """The pods that it needs at once, each kind of them as a Pod so many times."""
    found: list[dict[str, Any] | None] = []
    about = template["metadata"]
    for number, (pod, count) in enumerate(pods_at_once(template)):
        metadata = {
            **(pod.get("metadata") or {}),
            "name": f"{about['name']}-{number}",
            "namespace": about.get("namespace", ""),
        }
        cut = cut_workload({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod["spec"]}, when_known)
        found.append({**(cut or {}), "replicas": count})
    return found


def _of_template(path: str, found: str) -> str:
    """`load_manifests` speaks of manifests; a job has but one, its template."""
    return found.replace(join(path, "manifests", 0), join(path, "template")).replace(
        join(path, "manifests"), join(path, "template")
    )


def _place(where: str, path: str) -> str:
    """A file and its line; nothing where it is the argument itself."""
    return "" if where.startswith(path) else where


def _with_completions(template: Mapping[str, Any], completions: Any) -> dict[str, Any]:
    """What is no count is told of as the argument that it is; of what is dispatched whole there is nothing to count."""
    if not isinstance(completions, int) or not 1 <= completions <= MOST or _is_whole(template):
        return dict(template)
    return {**template, "spec": {**(template.get("spec") or {}), "completions": completions}}


def _is_whole(template: Mapping[str, Any]) -> bool:
    try:
        return kind_of(template) is not None
    except ValueError:
        return False


def _joined(template: Mapping[str, Any]) -> Any:
    """Without what may change while it runs: how many indexes it has, and how many run at once."""
    spec = {
        key: value for key, value in (template.get("spec") or {}).items() if key not in ("completions", "parallelism")
    }
    return pulumi.Output.from_input({**template, "spec": spec})


def _revision(template: Any) -> str:
    text = json.dumps(template, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
