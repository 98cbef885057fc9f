"""What others have changed of an object that we applied. Pure.

Whoever changes a field takes it from the manager that had applied it: a field that our body has, that somebody else
holds, and that has another value now, is drift. Texts name managers and fields, never values.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubefleet.kube.managed_fields import contested, managed_by, uncontested
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.placement_identity import placement_of

_SHOWN = 4
_CONTROLLERS = "kube-controller-manager"
"""Among them the one that sets replicas for HorizontalPodAutoscalers, through the scale sub-resource."""


@dataclass(frozen=True, slots=True, order=True)
class Drift:
    """Fields of one object that a manager holds with other values than ours."""

    object: ObjectRef
    manager: str
    fields: tuple[str, ...]

    def __str__(self) -> str:
        shown, more = ", ".join(self.fields[:_SHOWN]), len(self.fields) - _SHOWN
        return f"{self.object}: {shown}{f' and {more} more' if more > 0 else ''} changed by `{self.manager}`"


def drift_of(body: Mapping[str, Any], live: Mapping[str, Any]) -> tuple[Drift, ...]:
    """By manager, sorted. Other placements are no drift: what several of them own they own alike."""
    found = []
    for manager, fields in _foreign(live):
        changed = set(contested(body, live, fields))
        if changed:
            found.append(Drift(ref_of(live), manager or "unknown", tuple(sorted(changed))))
    return tuple(sorted(found))


def without_drift(body: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """The body less what has drifted: applying it leaves that as it is."""
    result: Any = body
    for _, fields in _foreign(live):
        result = uncontested(result, live, fields)
    return dict(result)


def _foreign(live: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """What is neither a placement's nor an autoscaler's."""
    return [
        (entry.manager, entry.fields)
        for entry in managed_by(live)
        if placement_of(entry.manager) is None and not (entry.manager == _CONTROLLERS and entry.subresource)
    ]
