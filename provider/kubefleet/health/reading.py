"""Reading a live object's JSON, which may lack anything."""

from collections.abc import Mapping
from typing import Any

from kubefleet.health.status import Health, progressing

Live = Mapping[str, Any]


def part(live: Live, key: str) -> Live:
    """A map inside a map, empty when it is absent or something else."""
    value = live.get(key)
    return value if isinstance(value, Mapping) else {}


def count(live: Live, key: str, default: int = 0) -> int:
    """A whole number; `default` when it is absent or no whole number."""
    value = live.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def condition(live: Live, kind: str) -> Live:
    """The condition of that type in the object's status; an empty map when there is none."""
    conditions = part(live, "status").get("conditions")
    for item in conditions if isinstance(conditions, list) else []:
        if isinstance(item, Mapping) and item.get("type") == kind:
            return item
    return {}


def says(item: Live) -> str:
    """A condition in words: its message, else its reason."""
    return " ".join(str(item.get("message") or item.get("reason") or item.get("type") or "").split())


def not_observed(live: Live) -> Health | None:
    """Progressing while the controller has not seen the present generation; None when it has.

    For kinds whose controllers always write `status.observedGeneration`.
    """
    generation = count(part(live, "metadata"), "generation")
    observed = count(part(live, "status"), "observedGeneration", -1)
    if observed < 0:
        return progressing("not yet seen by its controller")
    if observed < generation:
        return progressing(f"its controller has seen generation {observed} of {generation}")
    return None


def pods_missing(have: int, want: int, what: str) -> Health | None:
    """Progressing while fewer than `want` pods are `what`."""
    return progressing(f"{have} of {want} pods {what}") if have < want else None


def pods_too_many(have: int, want: int) -> Health | None:
    """Progressing while pods beyond `want` still run."""
    return progressing(f"{have - want} old pods still run") if have > want else None


def behind(live: Live) -> Health | None:
    """Progressing while the controller has seen only an older generation; None when it has not, or does not say."""
    generation = count(part(live, "metadata"), "generation")
    observed = part(live, "status").get("observedGeneration")
    if isinstance(observed, int) and observed < generation:
        return progressing(f"its controller has seen generation {observed} of {generation}")
    return None
