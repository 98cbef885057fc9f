"""Affinity: which placements stand beside one another, and which apart."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pulumi_kubefleet._record import Record


class Named(Protocol):
    """A `Placement`: all that matters here is what it is called."""

    placement_name: str


Others = str | Named | Sequence[str | Named] | Mapping[str, Any]


class Affinity(Record):
    """One rule of `affinity=[...]` or `anti_affinity=[...]`: together with other placements, or apart from them.

    Args:
        placements: names of placements (or what `fleet.placement()` gave), one or a list; or `{"names": [...],
            "labels": {...}}`, by the labels that placements have. `FLEET/NAME` is one that another stack has placed.
        topology_key: together (or apart) on the same `cluster`, or on clusters with the same value of this label.
        required: False for a preference, which needs a weight.
        weight: of a preference, 1 to 100. With a weight nothing is required.

    Example:
        ```python
        PickN(1, affinity=[Affinity("db")], anti_affinity=[Affinity({"labels": {"tier": "batch"}}, "region")])
        ```

    """

    def __init__(
        self,
        placements: Others | None = None,
        topology_key: str | None = None,
        *,
        required: bool | None = None,
        weight: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            placements=_selector(placements), topology_key=topology_key, required=required, weight=weight, **unknown
        )


def _selector(placements: Others | None) -> Any:
    """`{"names": [...], "labels": {...}}`. Placements become their names; what is neither is looked at later."""
    if placements is None:
        return None
    if isinstance(placements, Mapping):
        written = dict(placements)
        if "names" in written:
            written["names"] = _names(written["names"])
        return written
    return {"names": _names(placements)}


def _names(written: Any) -> Any:
    several = written if isinstance(written, list | tuple | set | frozenset) else [written]
    return [getattr(item, "placement_name", item) for item in several]
