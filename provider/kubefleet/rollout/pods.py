"""The pods of one workload on one cluster, and how many are left by what is done to them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubefleet.health.reading import behind, count, not_observed, part
from kubefleet.kube.manifest import REVISION_ANNOTATION
from kubefleet.kube.object_ref import ref_of
from kubefleet.spec.scale import SCALABLE, replicas_in, replicas_path


@dataclass(frozen=True, slots=True)
class Pods:
    """`replicas` are desired, `available` is what the API server reports; `revision` is that of the object. `steady`
    is False while an update of the pod template is under way, or may be. An update takes down at most `at_once` of the
    replicas at a time by the workload's own strategy; one that brings another strategy along `next_at_once`. `ordered`:
    it takes them down whether others are available or not, as a StatefulSet does. `observed`: its controller has seen
    what it is asked for.
    """

    replicas: int
    available: int
    revision: str = ""
    steady: bool = True
    at_once: int = 1
    ordered: bool = False
    next_at_once: int | None = None
    observed: bool = True

    @property
    def kept(self) -> int:
        """How many are available now and stay so: what is surplus goes."""
        return min(self.available, self.replicas)

    @property
    def left(self) -> int:
        """How many are available at the least, by what is done already: an update that is under way may take some down
        still.
        """
        return self.kept if self.steady else self._during_update(self.kept, self.replicas, self.at_once)

    def left_by_update(self, revision: str) -> int:
        """How many are while the template changes to that of a revision; nothing changes where it is that already.

        A Deployment takes nothing down beyond `at_once`, whatever is down already: mending costs nothing.
        """
        return self.left if self.revision == revision else self._during_update(self.left, self.replicas, self._next)

    def left_by_scale(self, replicas: int) -> int:
        """How many are while there become fewer. A StatefulSet takes the last ones, available or not."""
        kept = self._kept_by_scale(replicas)
        return kept if self.steady else self._during_update(kept, replicas, self.at_once)

    def free_to_update(self, revision: str) -> bool:
        """Whether a change to a revision takes nothing down: neither of those that are left nor of those that are
        available now. While it is not known what an earlier step still takes down, what may go counts as gone already:
        taking it only looks as if it cost nothing.
        """
        if self.revision == revision:
            return True
        now = self._during_update(self.kept, self.replicas, self._next)
        return (self.kept, self.left) == (now, self.left_by_update(revision))

    def free_to_scale(self, replicas: int) -> bool:
        """As `free_to_update`, where there become fewer."""
        return (self.kept, self.left) == (self._kept_by_scale(replicas), self.left_by_scale(replicas))

    @property
    def _next(self) -> int:
        return self.at_once if self.next_at_once is None else self.next_at_once

    def _kept_by_scale(self, replicas: int) -> int:
        fewer = max(0, self.replicas - replicas)
        return max(0, self.kept - fewer) if self.ordered else min(self.kept, replicas)

    def _during_update(self, available: int, replicas: int, at_once: int) -> int:
        if self.ordered:
            return available - min(available, at_once)
        return min(available, max(0, replicas - at_once))


def pods_of(live: Mapping[str, Any]) -> Pods:
    """Read from a live object. Of a kind whose strategy is not known all pods may go at once."""
    kind, status = live.get("kind"), part(live, "status")
    replicas = int(replicas_in(live) or 0)
    annotations = part(part(live, "metadata"), "annotations")
    updated = status.get("updatedReplicas")
    # While old pods run beside the new ones, an update may still take some of either down.
    goal = max(replicas, count(status, "replicas"))
    observed = (not_observed if kind in SCALABLE else behind)(live) is None
    steady = not_observed(live) is None and (updated is None or count(status, "updatedReplicas") >= goal)
    return Pods(
        replicas,
        count(status, "availableReplicas"),
        str(annotations.get(REVISION_ANNOTATION) or ""),
        steady=steady,
        at_once=at_once(live, replicas),
        ordered=kind == "StatefulSet",
        observed=observed,
    )


def scalable(manifests: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """The manifests whose pods are counted, by workload."""
    return {ref_of(item).owner_value: item for item in manifests if replicas_path(item) is not None}


def planned(manifest: Mapping[str, Any], replicas: int, revision: str) -> Pods:
    """As they will be once a manifest is applied and everything is well."""
    pods = pods_of(manifest)
    return replace(
        pods,
        replicas=replicas,
        available=replicas,
        revision=revision,
        steady=True,
        at_once=at_once(manifest, replicas),
        observed=True,
    )


def at_once(manifest: Mapping[str, Any], replicas: int) -> int:
    """How many pods an update may take down at a time, with Kubernetes' defaults and rounding."""
    spec, kind = part(manifest, "spec"), manifest.get("kind")
    if kind == "StatefulSet":
        strategy = part(spec, "updateStrategy")
        if strategy.get("type") == "OnDelete":
            return 0
        return max(1, _number(part(strategy, "rollingUpdate").get("maxUnavailable"), 1, replicas, up=True))
    if kind == "Deployment":
        strategy = part(spec, "strategy")
        if strategy.get("type") == "Recreate":
            return replicas
        rolling = part(strategy, "rollingUpdate")
        unavailable = _number(rolling.get("maxUnavailable"), "25%", replicas, up=False)
        surge = _number(rolling.get("maxSurge"), "25%", replicas, up=True)
        return min(replicas, unavailable if unavailable or surge else 1)
    return replicas


def _number(value: object, default: int | str, whole: int, *, up: bool) -> int:
    """An `IntOrString`."""
    given = default if value is None else value
    if isinstance(given, int):
        return given
    percent = str(given).removesuffix("%")
    if not percent.isdecimal():
        return 0
    return -(-whole * int(percent) // 100) if up else whole * int(percent) // 100
