"""Which objects of its manifests a placement takes, and what comes with them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Named:
    """An object, `Kind/namespace/name` or `Kind/name`, and why it is in the list: who names it, or what is unclear."""

    object: str
    why: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What was `selected`; what `follows` because a taken object needs it or only serves it; what taken objects name
    but the manifests do not have (`absent`: the cluster must); and what is left out because it is `unclear` whether it
    belongs here. All sorted.
    """

    selected: tuple[str, ...]
    follows: tuple[Named, ...] = ()
    absent: tuple[Named, ...] = ()
    unclear: tuple[Named, ...] = ()
