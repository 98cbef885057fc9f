"""StatefulSets and DaemonSets; `partition` and `OnDelete` as kstatus has them."""

from typing import Final

from kubefleet.health.reading import Live, count, not_observed, part, pods_missing, pods_too_many
from kubefleet.health.status import Health, available, progressing
from kubefleet.model.share import Share

_ALL: Final = Share(0)


def stateful_set(live: Live) -> Health:
    """All desired pods available, those above the partition updated. With OnDelete the update is the user's."""
    unseen = not_observed(live)
    if unseen is not None:
        return unseen
    spec, status = part(live, "spec"), part(live, "status")
    strategy = part(spec, "updateStrategy")
    desired = count(spec, "replicas", 1)
    pods = (
        pods_missing(count(status, "replicas"), desired, "created")
        or pods_too_many(count(status, "replicas"), desired)
        or pods_missing(count(status, "availableReplicas"), desired, "available")
    )
    if pods is not None:
        return pods
    if strategy.get("type") == "OnDelete":
        return available(f"{desired} of {desired} pods available, updated only when they are deleted (OnDelete)")
    partition = count(part(strategy, "rollingUpdate"), "partition")
    updating = pods_missing(count(status, "updatedReplicas"), max(0, desired - partition), "updated")
    if updating is not None:
        return updating
    if not partition and status.get("currentRevision") != status.get("updateRevision"):
        return progressing("the update is not finished")
    return available(f"{desired} of {desired} pods available")


def daemon_set(live: Live, tolerated: Share = _ALL) -> Health:
    """One available, updated pod on every node that it selects, but for those that are tolerated (rounded down)."""
    unseen = not_observed(live)
    if unseen is not None:
        return unseen
    status = part(live, "status")
    nodes = count(status, "desiredNumberScheduled")
    desired = max(0, nodes - tolerated.down(nodes))
    if part(part(live, "spec"), "updateStrategy").get("type") != "OnDelete":
        updating = pods_missing(count(status, "updatedNumberScheduled"), desired, "updated")
        if updating is not None:
            return updating
    have = count(status, "numberAvailable")
    return pods_missing(have, desired, "available") or available(f"{min(have, nodes)} of {nodes} pods available")
