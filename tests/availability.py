"""An independent watcher: from the API servers' audit logs alone, how many pods of a workload were available when.

It shares no code with what it watches. All members' logs have the machine's one clock.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

OPERATOR = "lab-admin"


@dataclass(frozen=True, order=True)
class Moment:
    """What an API server answered: desired and available pods of the workload from then on, and who had asked."""

    at: datetime
    cluster: str
    desired: int
    available: int
    user: str


@dataclass
class Watch:
    """What became of a workload. `lost` are moments at which a fault took away a pod, by cluster."""

    moments: list[Moment]
    begin: datetime
    lost: list[tuple[datetime, str]] = field(default_factory=list)

    def lowest(self) -> int:
        """The fewest pods that were available at any time, over all clusters."""
        return min(sum(state.values()) for _, state in self._states())

    def violations(self, least: int) -> list[str]:
        """Every moment at which fewer than `least` were available, but for those that faults took; and every write of
        the operator that took more than there was to spare then.
        """
        found = []
        for moment, state in self._states():
            if sum(state.values()) + self._missing(moment.at, state) < least:
                found.append(f"{moment.at}: {sum(state.values())} available of at least {least}")
        desired, available = {}, {}
        for moment in self.moments:
            have, cluster = available.get(moment.cluster, 0), moment.cluster
            fewer = moment.desired < desired.get(cluster, moment.desired)
            if moment.user == OPERATOR and moment.at >= self.begin and fewer:
                cost = max(0, have - moment.desired)
                if cost and sum(available.values()) - cost < least:
                    found.append(f"{moment.at}: {cluster} to {moment.desired}, of {sum(available.values())} available")
            desired[cluster], available[cluster] = moment.desired, moment.available
        return found

    def _states(self) -> Iterable[tuple[Moment, dict[str, int]]]:
        state: dict[str, int] = {}
        for moment in self.moments:
            state[moment.cluster] = moment.available
            if moment.at >= self.begin:
                yield moment, dict(state)

    def _missing(self, now: datetime, state: Mapping[str, int]) -> int:
        """Pods that a fault took and that have not come back: none where as many are available as before it."""
        return sum(at <= now and state.get(cluster, 0) < self._before(at, cluster) for at, cluster in self.lost)

    def _before(self, at: datetime, cluster: str) -> int:
        return next(
            (moment.available for moment in reversed(self.moments) if moment.cluster == cluster and moment.at < at), 0
        )


def watch(
    logs: Mapping[str, Iterable[Mapping[str, Any]]], name: str, begin: datetime, resource: str = "deployments"
) -> Watch:
    """Read the audit logs of all clusters, from their beginning on."""
    moments = []
    for cluster, events in logs.items():
        for event in events:
            reference, answer = event.get("objectRef") or {}, event.get("responseObject") or {}
            mine = (reference.get("resource"), reference.get("name")) == (resource, name)
            if not mine or event.get("stage") != "ResponseComplete" or event["verb"] in {"get", "list", "watch"}:
                continue
            if event["responseStatus"]["code"] >= 300 or "dryRun" in event.get("requestURI", ""):
                continue
            gone = event["verb"] == "delete"
            spec, status = answer.get("spec") or {}, answer.get("status") or {}
            moments.append(
                Moment(
                    datetime.fromisoformat(event["stageTimestamp"]),
                    cluster,
                    0 if gone else spec.get("replicas", 0),
                    0 if gone else status.get("availableReplicas", 0),
                    event["user"]["username"],
                )
            )
    return Watch(sorted(moments), begin)
