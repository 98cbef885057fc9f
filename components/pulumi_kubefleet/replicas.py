"""Replicas: whole copies on every chosen cluster, or one number divided over them."""

from collections.abc import Mapping
from typing import Any, Literal

from pulumi_kubefleet._record import Record


class Duplicated(Record):
    """Every chosen cluster runs a full copy, with the replicas that the manifests say (the default)."""

    def __init__(self, **unknown: Any) -> None:
        super().__init__(type="Duplicated", **unknown)


class Divided(Record):
    """The manifests' replicas are divided over the chosen clusters.

    `by="weight"` follows `weights` (1 where absent), `"available"` the free capacity, `"aggregated"` takes as few
    clusters as possible. `min` and `max` bound single clusters. With `ordinals` the pods of a StatefulSet have
    numbers of their own on each cluster (0 to 999, 1000 to 1999, ...), so that no two have the same name.
    """

    def __init__(
        self,
        by: Literal["weight", "available", "aggregated"] = "weight",
        *,
        weights: Mapping[str, int] | None = None,
        min: Mapping[str, int] | None = None,  # noqa: A002 - the field's name in files
        max: Mapping[str, int] | None = None,  # noqa: A002
        ordinals: bool | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            type="Divided",
            by=by,
            weights=dict(weights) if weights else None,
            min=dict(min) if min else None,
            max=dict(max) if max else None,
            ordinals=ordinals or None,
            **unknown,
        )
