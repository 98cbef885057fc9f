"""Deployments and ReplicaSets: observed, and updated = available = desired."""

from kubefleet.health.reading import Live, condition, count, not_observed, part, pods_missing, pods_too_many, says
from kubefleet.health.status import Health, available, failed, progressing


def deployment(live: Live) -> Health:
    """`Progressing=False` is failed; what keeps pods from being made (quota, pod security, webhook) shows at once."""
    unseen = not_observed(live)
    if unseen is not None:
        return unseen
    spec, status = part(live, "spec"), part(live, "status")
    desired = count(spec, "replicas", 1)
    if condition(live, "Progressing").get("status") == "False":
        return failed(says(condition(live, "Progressing")))
    if condition(live, "ReplicaFailure").get("status") == "True":
        return progressing(says(condition(live, "ReplicaFailure")))
    missing = (
        pods_missing(count(status, "updatedReplicas"), desired, "updated")
        or pods_too_many(count(status, "replicas"), desired)
        or pods_missing(count(status, "availableReplicas"), desired, "available")
    )
    if missing is not None and spec.get("paused") is True:
        return progressing(f"paused: {missing.reason}")
    return missing or available(f"{desired} of {desired} pods available")


def replica_set(live: Live) -> Health:
    """All desired pods available and no others."""
    unseen = not_observed(live)
    if unseen is not None:
        return unseen
    status = part(live, "status")
    desired = count(part(live, "spec"), "replicas", 1)
    if condition(live, "ReplicaFailure").get("status") == "True":
        return progressing(says(condition(live, "ReplicaFailure")))
    return (
        pods_too_many(count(status, "replicas"), desired)
        or pods_missing(count(status, "availableReplicas"), desired, "available")
        or available(f"{desired} of {desired} pods available")
    )
