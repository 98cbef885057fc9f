"""How the pod of a shard learns which index of the whole job it is. Its Job counts from 0 and knows of no other."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from kubefleet.identity.tiers import INDEX_POLICY
from kubefleet.jobs.indexes import Indexes, format_indexes, runs, span

LOCAL: Final = "batch.kubernetes.io/job-completion-index"
"""Label and annotation that the Job's controller gives each pod: the index in its own Job."""
GLOBAL: Final = "pulumi-kubefleet/index"
"""Annotation of a pod: its index in the whole job."""
MAP: Final = "pulumi-kubefleet/index-map"
"""Annotation of a shard's pods: `0:8,4:20` says that local 0 is 8, 1 is 9, ..., 4 is 20, and so on."""
POLICY: Final = INDEX_POLICY
MOST_RUNS: Final = 2000
"""Ranges in a map: annotations of an object are 256 KiB at most, and the policy reads the map for each pod."""
MOST_IN_FILES: Final = 40_000
"""Indexes in a ConfigMap, which is 1 MiB at most."""
_ENV: Final = "JOB_COMPLETION_INDEX"
_VOLUME: Final = "fleet-index"
_FOLDER: Final = "/etc/fleet-index"


class IndexBy(StrEnum):
    """The ways, best first. With `POLICY` programs that know nothing of a fleet see the index of the whole job."""

    POLICY = "policy"
    """A MutatingAdmissionPolicy (KEP-3962, `v1` from 1.36 on) writes it on each pod; `JOB_COMPLETION_INDEX` is it."""
    FILE = "file"
    """A ConfigMap has it; the pod's file `/etc/fleet-index/value` is it."""
    CONTRACT = "contract"
    """The pod adds `JOB_COMPLETION_INDEX` to `FLEET_INDEX_OFFSET`, or looks it up in `FLEET_INDEX_LIST` (`4-9,12`)."""


def index_by(indexes: Indexes, *, has_policy: bool) -> IndexBy:
    """The best way for a shard of these indexes, where a cluster has the policy or not."""
    if has_policy and sum(1 for _ in runs(indexes)) <= MOST_RUNS:
        return IndexBy.POLICY
    return IndexBy.FILE if len(indexes) <= MOST_IN_FILES else IndexBy.CONTRACT


def tellable(indexes: Indexes) -> Indexes:
    """As many of the lowest as a shard can have on any cluster: where they are too many for files, no more ranges than
    a map has. An environment variable could not hold many more either.
    """
    if len(indexes) <= MOST_IN_FILES:
        return indexes
    last = max(last for _, last in islice(runs(indexes), MOST_RUNS))
    return indexes & span(0, last + 1)


def index_map(indexes: Indexes) -> str:
    """As `MAP` has it."""
    return ",".join(f"{local}:{first}" for local, first in _pieces(indexes))


def _pieces(indexes: Indexes) -> Iterator[tuple[int, int]]:
    local = 0
    for first, last in runs(indexes):
        yield local, first
        local += last - first + 1


def index_env(how: IndexBy, indexes: Indexes) -> list[dict[str, Any]]:
    """The environment of every container of a shard's pods."""
    if how is IndexBy.POLICY:
        return [{"name": _ENV, "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{GLOBAL}']"}}}]
    if how is IndexBy.FILE:
        return [{"name": "FLEET_LOCAL_INDEX", "valueFrom": {"fieldRef": {"fieldPath": f"metadata.labels['{LOCAL}']"}}}]
    whole = list(runs(indexes))
    if len(whole) == 1:
        return [{"name": "FLEET_INDEX_OFFSET", "value": str(whole[0][0])}]
    return [{"name": "FLEET_INDEX_LIST", "value": format_indexes(indexes)}]


def index_files(name: str, namespace: str, indexes: Indexes, bears: Mapping[str, Any]) -> dict[str, Any]:
    """The ConfigMap of a shard, for `FILE`; `bears` are its labels and annotations."""
    data = {str(local): str(index) for local, index in enumerate(indexes)}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace, **bears},
        "immutable": True,
        "data": data,
    }


def index_volume(name: str) -> dict[str, Any]:
    """The volume of that ConfigMap, for a pod."""
    return {"name": _VOLUME, "configMap": {"name": name}}


INDEX_MOUNT: Final[Mapping[str, Any]] = {
    "name": _VOLUME,
    "mountPath": f"{_FOLDER}/value",
    "subPathExpr": "$(FLEET_LOCAL_INDEX)",
    "readOnly": True,
}
"""Where containers have it."""


def index_policy() -> tuple[dict[str, Any], ...]:
    """The MutatingAdmissionPolicy and its binding: it writes `GLOBAL` on pods that bear a map, and on no others."""
    version = "admissionregistration.k8s.io/v1"
    here = "object.metadata.annotations"
    spec = {
        "failurePolicy": "Fail",
        "reinvocationPolicy": "Never",
        "matchConstraints": {
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ]
        },
        "matchConditions": [
            {
                "name": "shard",
                "expression": f"has({here}) && '{MAP}' in {here} && '{LOCAL}' in {here}",
            }
        ],
        "variables": [
            {"name": "local", "expression": f"int({here}['{LOCAL}'])"},
            {
                "name": "before",
                "expression": f"{here}['{MAP}'].split(',').filter(p, int(p.split(':')[0]) <= variables.local)",
            },
            {"name": "piece", "expression": "variables.before[size(variables.before) - 1].split(':')"},
        ],
        "mutations": [
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {
                    "expression": "Object{metadata: Object.metadata{annotations: {"
                    f"'{GLOBAL}': string(variables.local - int(variables.piece[0]) + int(variables.piece[1]))"
                    "}}}"
                },
            }
        ],
    }
    metadata = {"name": POLICY}
    return (
        {"apiVersion": version, "kind": "MutatingAdmissionPolicy", "metadata": metadata, "spec": spec},
        {
            "apiVersion": version,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {"policyName": POLICY},
        },
    )
