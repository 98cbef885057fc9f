"""The health checks that a placement's rollout gets: its own, and those of the fleet that are about its objects."""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from kubefleet.model.subject import subject_of_kind, subject_of_object


def checks_for(of_fleet: Any, of_placement: Any, keys: Iterable[str]) -> Any:
    """Plain data, the fleet's first; an Output of it if one of them is. `keys`: its objects.

    What is no list is a mistake that is told elsewhere.
    """
    known = list(keys)
    if isinstance(of_fleet, pulumi.Output) or isinstance(of_placement, pulumi.Output):
        return pulumi.Output.all(of_fleet, of_placement).apply(lambda both: checks_for(both[0], both[1], known))
    general = [check for check in _listed(of_fleet) if _may_be_about(check, known)]
    return [*general, *_listed(of_placement)]


def _listed(raw: Any) -> list[Any]:
    return list(raw) if isinstance(raw, list | tuple) else []


def _may_be_about(check: Any, keys: list[str]) -> bool:
    """False if it surely is about none of these objects: a change of it is then none for this placement."""
    if not isinstance(check, Mapping):
        return True
    for field, read in (("kind", subject_of_kind), ("object", subject_of_object)):
        text = check.get(field)
        subject = read(text) if isinstance(text, str) else None
        if subject is not None:
            return any(subject.covers_key(key) for key in keys)
    return True
