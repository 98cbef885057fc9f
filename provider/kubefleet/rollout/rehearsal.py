"""What the clusters would say to a rollout, before anything is written: for previews."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kubefleet.kube import MemberError, fan_out
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.placement_identity import placement_of
from kubefleet.kube.rehearse import Finding, rehearse
from kubefleet.rollout.content import content_on
from kubefleet.rollout.task import Task

Changed = Mapping[str, frozenset[str]]
"""Cluster -> keys (`apiVersion/Kind/namespace/name`) of the objects that change there."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """`wrong`: what the manifests have to change for; `told`: what the clusters have to, or what happens. By line, the
    clusters that it is about.
    """

    wrong: Mapping[tuple[str, str], tuple[str, ...]]
    told: Mapping[str, tuple[str, ...]]


def run_rehearsal(task: Task, changed: Changed, new: Changed) -> Rehearsal:
    """Dry runs on all these clusters in parallel. Members that do not answer are left out: the schedule has told. The
    last run had nothing of what is `new`.
    """
    names = sorted(name for name in changed if changed[name])

    def on(name: str) -> tuple[Finding, ...]:
        wanted = content_on(task, name, task.target[name])
        objects = tuple(item for item in wanted.objects if _key(item) in changed[name])
        unknown = frozenset(ref_of(item).key for item in objects if _key(item) in new.get(name, ()))
        return rehearse(task.connect(name), task.identity, replace(wanted, objects=objects), task.partners, unknown)

    wrong: dict[tuple[str, str], list[str]] = {}
    told: dict[str, list[str]] = {}
    for name, outcome in zip(names, fan_out(names, on, max_parallel=task.max_parallel), strict=True):
        if isinstance(outcome.error, MemberError):
            continue
        for finding in outcome.get():
            if finding.wrong:
                ref = finding.object
                key = f"{ref.api_version}/{ref.kind}/{ref.namespace}/{ref.name}"
                wrong.setdefault((key, finding.why.removeprefix(f"{ref}: ")), []).append(name)
            elif not _goes(finding, task):
                told.setdefault(finding.why, []).append(name)
    return Rehearsal(
        {line: tuple(clusters) for line, clusters in sorted(wrong.items())},
        {line: tuple(clusters) for line, clusters in sorted(told.items())},
    )


def _goes(finding: Finding, task: Task) -> bool:
    """Whether the object is only still there: its placement goes at the end of the next `up`."""
    owner = placement_of(finding.conflict.manager) if finding.conflict is not None else None
    return owner is not None and owner[1] in task.going


def _key(manifest: Mapping[str, object]) -> str:
    ref = ref_of(manifest)
    return f"{ref.api_version}/{ref.kind}/{ref.namespace}/{ref.name}"
