"""A placement as fleet files describe it: one workload, several, or manifests."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from immutabledict import immutabledict
from pydantic import BeforeValidator, Field

from kubefleet.model.request import Request
from kubefleet.spec.data import Data
from kubefleet.spec.file_workloads import Work, WorkloadSpec, listed_work, manifest_work, single_work
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.pod import PodSpec
from kubefleet.spec.policy import parse_policy
from kubefleet.spec.replicas import FileReplicasSpec, replicas_mistakes
from kubefleet.spec.scalars import Count, Labels, Name, Priority, Selected, Text
from kubefleet.spec.written import Written, read

"""Kubernetes' highest priority of a user's own."""


def _asked(raw: object) -> object:
    """Any text or number asks for a rebalance, so `true` does, and `false` does not."""
    if isinstance(raw, bool):
        return "true" if raw else ""
    return str(raw) if isinstance(raw, int | float) else raw


class FilePlacementSpec(Written):
    """One placement. Of `pod`, `workloads` and `manifests` at most one is given; policy and replicas are read apart."""

    name: Name
    namespace: Name = "default"
    labels: Labels = {}
    priority: Priority = 0
    pod: PodSpec | None = None
    workloads: Annotated[list[WorkloadSpec], Field(min_length=1)] | None = None
    manifests: Annotated[list[Text], Field(min_length=1)] | None = None
    select: Selected = []
    create_namespace: bool = False
    replicas: dict[str, Any] | None = None
    copies: Annotated[Count | None, Field(alias="copy")] = None
    policy: dict[str, Any] | None = None
    rebalance: Annotated[str, BeforeValidator(_asked)] = ""
    data: Data = Data.PINNED


def parse_file_placement(raw: object, path: str, base: Path, mistakes: list[Mistake]) -> Request | None:
    """What a placement asks, or None when it cannot be read. Adds everything that is wrong with it to `mistakes`.

    Manifests are files, found from `base`. The workload of a placement without `workloads` and `manifests` is a
    Deployment that bears the placement's name.
    """
    spec = read(FilePlacementSpec, raw, path, Spelling.FILE, mistakes)
    if not isinstance(raw, Mapping):
        return None
    # What can be read is checked even when the rest is wrong: all mistakes at once.
    written = raw.get("policy")
    given = written if isinstance(written, Mapping) else {"type": "PickAll"}
    policy = parse_policy(given, join(path, "policy"), Spelling.FILE, mistakes, base)
    replicas = _replicas(raw.get("replicas"), join(path, "replicas"), mistakes)
    if spec is None:
        return None
    mistakes += _contradictions(spec, replicas, path)
    divided = replicas.divided() if replicas else None
    work = _work(spec, replicas if divided else None, path, base, mistakes)
    if policy is None:
        return None
    created = work.namespaces if spec.create_namespace else frozenset()
    return Request(
        name=spec.name,
        policy=policy,
        workloads=work.workloads,
        divided=divided,
        priority=spec.priority,
        labels=immutabledict(sorted(spec.labels.items())),
        needs_namespaces=work.namespaces,
        provides_namespaces=work.provided_namespaces | created,
        needs_apis=work.apis,
        provides_apis=work.provided_apis,
        selection=work.selection,
        rebalance=bool(spec.rebalance),
        pinned=work.pinned if spec.data is Data.PINNED else "",
    )


def _replicas(raw: object, path: str, mistakes: list[Mistake]) -> FileReplicasSpec | None:
    if not isinstance(raw, Mapping):
        return None
    spec = read(FileReplicasSpec, raw, path, Spelling.FILE, mistakes)
    if spec is not None:
        mistakes += replicas_mistakes(spec, path)
    return spec


def _contradictions(spec: FilePlacementSpec, replicas: FileReplicasSpec | None, path: str) -> list[Mistake]:
    ways = [field for field in ("pod", "workloads", "manifests") if getattr(spec, field) is not None]
    found = [
        Mistake(join(path, field), f"`{field}` beside `{ways[0]}` (expected one of the two). Leave one out.")
        for field in ways[1:]
    ]
    single = not {"workloads", "manifests"} & {*ways}
    if spec.select and spec.manifests is None:
        found.append(Mistake(join(path, "select"), "`select` without `manifests` (expected manifests to select from)."))
    if not single and spec.copies is not None:
        found.append(Mistake(join(path, "copy"), f"`copy` beside `{ways[-1]}`, which say it. Leave it out."))
    if replicas is None:
        return found
    total = join(path, "replicas", "total")
    if replicas.type == "Duplicated" and replicas.total is not None:
        found.append(Mistake(total, "a total of whole copies (expected `copy`, the pods of one copy)"))
    elif replicas.type == "Divided" and single and replicas.total is None:
        found.append(Mistake(total, "missing field (expected the number of replicas to divide)"))
    elif not single and replicas.total is not None:
        found.append(Mistake(total, f"`total` beside `{ways[-1]}`, which say it. Leave it out."))
    return found


def _work(
    spec: FilePlacementSpec, divided: FileReplicasSpec | None, path: str, base: Path, mistakes: list[Mistake]
) -> Work:
    if spec.manifests is not None:
        return manifest_work(spec.manifests, spec.namespace, spec.select, path, base, mistakes)
    if spec.workloads is not None:
        return listed_work(spec.workloads, spec.namespace, path, mistakes)
    copy = 1 if spec.copies is None else spec.copies
    return single_work(spec.name, spec.namespace, (divided.total or 0) if divided else copy, spec.pod)
