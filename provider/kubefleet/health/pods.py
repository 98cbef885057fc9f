"""Pods and Jobs: what runs once."""

from collections.abc import Mapping

from kubefleet.health.reading import Live, condition, count, part, says
from kubefleet.health.status import Health, available, failed, progressing


def job(live: Live) -> Health:
    """Complete; never available merely because it was applied."""
    if condition(live, "Failed").get("status") == "True":
        return failed(says(condition(live, "Failed")))
    if condition(live, "Complete").get("status") == "True":
        return available("complete")
    if part(live, "spec").get("suspend") is True:
        return progressing("suspended")
    status = part(live, "status")
    done, wanted = count(status, "succeeded"), count(part(live, "spec"), "completions", 1)
    return progressing(f"{done} of {wanted} completions, {count(status, 'active')} pods active")


def pod(live: Live) -> Health:
    """Ready, or ended well. What its containers wait for is the reason; only the phase Failed is final."""
    status = part(live, "status")
    phase = status.get("phase")
    if phase == "Succeeded":
        return available("succeeded")
    if phase == "Failed":
        return failed(str(status.get("message") or status.get("reason") or "failed"))
    if condition(live, "Ready").get("status") == "True":
        return available("ready")
    if condition(live, "PodScheduled").get("status") == "False":
        return progressing(says(condition(live, "PodScheduled")))
    return progressing(_waiting(status) or f"phase {phase or 'unknown'}")


def _waiting(status: Live) -> str:
    for group in ("initContainerStatuses", "containerStatuses"):
        containers = status.get(group)
        for container in containers if isinstance(containers, list) else []:
            waiting = part(part(container, "state"), "waiting") if isinstance(container, Mapping) else {}
            if waiting.get("reason"):
                return f"container {container.get('name')}: {waiting['reason']}"
    return ""
