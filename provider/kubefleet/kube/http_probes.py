"""HTTP probes of a cluster's pods, sent through its API server."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from kubefleet.health import Health, Status
from kubefleet.health.checks import Check, HttpProbe
from kubefleet.health.checks.http_probe import POD, SERVICE
from kubefleet.health.reading import count, part, pods_missing
from kubefleet.health.status import available, progressing
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import Cancelled, MemberError
from kubefleet.kube.label_selector import label_selector
from kubefleet.kube.together import together

_SECONDS: Final = 5
_OVER: Final = frozenset({"Succeeded", "Failed"})
_WORST_FIRST: Final = (Status.FAILED, Status.PROGRESSING, Status.AVAILABLE)


def with_probes(checks: Iterable[Check], connection: Connection) -> tuple[Check, ...]:
    """The checks as they are asked on one cluster."""

    def send(probe: HttpProbe, live: Mapping[str, Any]) -> Health:
        try:
            return _on_all(connection, probe, live)
        except Cancelled:
            raise
        except MemberError as error:
            return progressing(f"{probe}: {error}")

    return tuple(
        replace(check, rule=replace(check.rule, send=send)) if isinstance(check.rule, HttpProbe) else check
        for check in checks
    )


def _on_all(connection: Connection, probe: HttpProbe, live: Mapping[str, Any]) -> Health:
    """The worst of what is answered. Raises MemberError."""
    if live.get("kind") in (SERVICE, POD):
        return _on_one(connection, probe, live)
    namespace = part(live, "metadata").get("namespace")
    listed = connection.list(f"/api/v1/namespaces/{namespace}/pods", labelSelector=label_selector(live))
    pods = sorted((pod for pod in listed if not _is_over(pod)), key=lambda pod: str(pod["metadata"]["name"]))
    if missing := pods_missing(len(pods), _wanted(live), "there to be asked"):
        return missing
    found = together(connection, pods, lambda pod: _on_one(connection, probe, {**pod, "kind": POD}))
    return min(found, key=lambda one: _WORST_FIRST.index(one.status), default=available("is to have no pods"))


def _on_one(connection: Connection, probe: HttpProbe, live: Mapping[str, Any]) -> Health:
    who = f"{live['kind']} {part(live, 'metadata').get('name')}"
    address = probe.address(live)
    if address is None:
        wanted = f"port `{probe.port}`" if probe.port else "one port (name it by `port`)"
        return progressing(f"{who}: {probe}: has not {wanted}")
    status, body = connection.ask_once(address, probe.query, seconds=_SECONDS)
    return probe.judge(who, status, body)


def _wanted(workload: Mapping[str, Any]) -> int:
    """How many pods it is to have."""
    if workload.get("kind") == "DaemonSet":
        return count(part(workload, "status"), "desiredNumberScheduled")
    return count(part(workload, "spec"), "replicas", 1)


def _is_over(pod: Mapping[str, Any]) -> bool:
    """Whether it has ended, or is on its way out."""
    return bool(part(pod, "metadata").get("deletionTimestamp")) or part(pod, "status").get("phase") in _OVER
