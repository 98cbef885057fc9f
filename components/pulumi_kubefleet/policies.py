"""Policies: how many clusters a placement takes, and which."""

from collections.abc import Sequence
from typing import Any

from pulumi_kubefleet._record import Record
from pulumi_kubefleet.terms import Prefer, Term, Toleration, TopologySpread


class Policy(Record):
    """What the three policies share; use `PickAll`, `PickFixed` or `PickN`.

    `filters` are functions of your own, `"my.module:allowed"`, called with each cluster and the request: True, or why
    not.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 - the field's name in files
        *,
        required: Sequence[Term] = (),
        preferred: Sequence[Prefer] = (),
        topology_spread: Sequence[TopologySpread] = (),
        filters: Sequence[str] = (),
        tolerations: Sequence[Toleration] = (),
        fit: str | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(
            type=type,
            required=list(required) or None,
            preferred=list(preferred) or None,
            topology_spread=list(topology_spread) or None,
            filters=list(filters) or None,
            tolerations=list(tolerations) or None,
            fit=fit,
            **rest,
        )


class PickAll(Policy):
    """Every cluster that fits. Capacity only warns."""

    def __init__(
        self,
        *,
        required: Sequence[Term] = (),
        topology_spread: Sequence[TopologySpread] = (),
        filters: Sequence[str] = (),
        tolerations: Sequence[Toleration] = (),
        fit: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            "PickAll",
            required=required,
            topology_spread=topology_spread,
            filters=filters,
            tolerations=tolerations,
            fit=fit,
            **unknown,
        )


class PickFixed(Policy):
    """Exactly the named clusters."""

    def __init__(self, *names: str, tolerations: Sequence[Toleration] = (), **unknown: Any) -> None:
        super().__init__("PickFixed", cluster_names=list(names), tolerations=tolerations, **unknown)


class PickN(Policy):
    """The best `n` clusters that fit."""

    def __init__(
        self,
        n: int,
        *,
        required: Sequence[Term] = (),
        preferred: Sequence[Prefer] = (),
        topology_spread: Sequence[TopologySpread] = (),
        filters: Sequence[str] = (),
        tolerations: Sequence[Toleration] = (),
        fit: str | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            "PickN",
            number_of_clusters=n,
            required=required,
            preferred=preferred,
            topology_spread=topology_spread,
            filters=filters,
            tolerations=tolerations,
            fit=fit,
            **unknown,
        )
