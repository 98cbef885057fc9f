"""What of a user's job no fleet can do: told before anything is planned."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubefleet.jobs.global_index import INDEX_MOUNT
from kubefleet.jobs.indexes import MOST, NONE
from kubefleet.jobs.kinds import JobKind, kind_of, pods_at_once
from kubefleet.jobs.success import failed_too_many, succeeded

Flaws = Iterator[tuple[tuple[str | int, ...], str]]
"""Where, in steps from the template, and what is wrong."""

_POD: Final = ("spec", "template", "spec")
_OF_INDEXES: Final = ("backoffLimitPerIndex", "maxFailedIndexes", "successPolicy")
_CONTROLLER: Final = "kubernetes.io/job-controller"
_PEERS: Final = 'cannot be divided (expected `gang="one-cluster"`).'


def flaws(template: Mapping[str, Any], *, divided: bool) -> Flaws:
    """What cannot be; `divided`: whether it may be on several clusters. Values that are not known yet are no flaws."""
    try:
        kind = kind_of(template)
    except ValueError as error:
        yield ("kind",), f"{error}."
        return
    spec = template.get("spec") or {}
    if spec.get("suspend") is True:
        yield ("spec", "suspend"), "a job that waits for somebody (expected none: in a `queue` it waits for its turn)."
    if kind is not None:
        yield from _of_whole(kind, template, spec)
        return
    yield from _of_counts(spec)
    yield from _of_control(spec)
    yield from _of_success(template)
    yield from _of_pod((spec.get("template") or {}).get("spec") or {}, spec, divided)


def _of_whole(kind: JobKind, template: Mapping[str, Any], spec: Mapping[str, Any]) -> Flaws:
    for field, expected in kind.refused.items():
        if spec.get(field) is not None:
            yield ("spec", field), f"it stands in the way (expected {expected})."
    try:
        groups = pods_at_once(template)
    except ValueError as error:
        yield ("spec",), f"{error}."
        return
    if any(pod["spec"].get("nodeName") for pod, _ in groups):
        yield ("spec",), "pods on a fixed node (expected none: they go where there is room)."


def _of_counts(spec: Mapping[str, Any]) -> Flaws:
    count, at_once = spec.get("completions"), spec.get("parallelism")
    if count is not None and (not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST):
        yield ("spec", "completions"), f"bad completions `{count}` (expected 1 to {MOST})."
    if isinstance(at_once, int) and at_once < 1:
        yield ("spec", "parallelism"), f"bad parallelism `{at_once}` (expected at least 1)."
    if count is None and isinstance(at_once, int) and at_once > 1:
        yield ("spec", "completions"), f"{at_once} pods that share a queue of work (expected completions: indexes)."
    if spec.get("completionMode") == "NonIndexed" and (rules := [key for key in _OF_INDEXES if key in spec]):
        yield ("spec", "completionMode"), f"`NonIndexed` with `{rules[0]}`, a rule about indexes (expected `Indexed`)."


def _of_control(spec: Mapping[str, Any]) -> Flaws:
    for key in ("selector", "manualSelector"):
        if spec.get(key):
            yield ("spec", key), "a selector of its own (expected none: every shard is a Job with its own)."
    by = spec.get("managedBy")
    if isinstance(by, str) and by != _CONTROLLER:
        yield ("spec", "managedBy"), f"`{by}` (expected none: the Job controller of each cluster runs its shard)."
    for number, rule in enumerate((spec.get("podFailurePolicy") or {}).get("rules") or ()):
        if rule.get("action") == "FailJob":
            yield (
                ("spec", "podFailurePolicy", "rules", number, "action"),
                "`FailJob` would end the shard of one cluster only (expected `FailIndex`).",
            )


def _of_success(template: Mapping[str, Any]) -> Flaws:
    try:
        succeeded(template, NONE)
        failed_too_many(template, NONE)
    except (AttributeError, TypeError, ValueError) as error:
        yield ("spec", "successPolicy"), f"{error}."


def _of_pod(pod: Mapping[str, Any], spec: Mapping[str, Any], divided: bool) -> Flaws:
    restarts = pod.get("restartPolicy")
    if pod and restarts in (None, "Always"):
        yield (*_POD, "restartPolicy"), f"`{restarts or 'Always'}` (expected `Never` or `OnFailure`: a job ends)."
    if restarts == "OnFailure":
        for key in ("backoffLimitPerIndex", "podFailurePolicy"):
            if key in spec:
                yield ("spec", key), "a rule about pods that restart by themselves (expected `restartPolicy: Never`)."
    if pod.get("nodeName"):
        yield (*_POD, "nodeName"), "a fixed node (expected none: pods go where there is room)."
    if divided and pod.get("subdomain"):
        yield (*_POD, "subdomain"), f"pods that find each other by host name {_PEERS}"
    elif divided and pod.get("setHostnameAsFQDN") is True:
        yield (*_POD, "setHostnameAsFQDN"), f"pods that are known by their full host name {_PEERS}"
    for number, volume in enumerate(pod.get("volumes") or ()):
        if volume.get("name") == INDEX_MOUNT["name"]:
            yield (*_POD, "volumes", number, "name"), f"`{INDEX_MOUNT['name']}` is the fleet's own (expected another)."
