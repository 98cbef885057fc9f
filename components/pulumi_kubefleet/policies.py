"""Policies: how many clusters a placement takes, and which."""

from collections.abc import Sequence
from typing import Any

from pulumi_kubefleet._record import Record
from pulumi_kubefleet.affinity import Affinity
from pulumi_kubefleet.terms import Prefer, SpreadGroup, Term, Toleration, TopologySpread


class Policy(Record):
    """What the three policies share; use `PickAll`, `PickFixed` or `PickN`.

    `filters` are functions of your own, `"my.module:allowed"`, called with each cluster and the request: True, or why
    not.
    Where fewer than `min_clusters` clusters fit, nothing new is placed.
    """

    def __init__(
        self,
        type: str,  # noqa: A002 - the field's name in files
        *,
        required: Sequence[Term] = (),
        preferred: Sequence[Prefer] = (),
        topology_spread: Sequence[TopologySpread] = (),
        filters: Sequence[str] = (),
        spread_groups: Sequence[SpreadGroup] = (),
        affinity: Sequence[Affinity] = (),
        anti_affinity: Sequence[Affinity] = (),
        tolerations: Sequence[Toleration] = (),
        fit: str | None = None,
        min_clusters: int | None = None,
        **rest: Any,
    ) -> None:
        super().__init__(
            type=type,
            required=list(required) or None,
            preferred=list(preferred) or None,
            topology_spread=list(topology_spread) or None,
            filters=list(filters) or None,
            spread_groups=list(spread_groups) or None,
            affinity=list(affinity) or None,
            anti_affinity=list(anti_affinity) or None,
            tolerations=list(tolerations) or None,
            fit=fit,
            min_clusters=min_clusters,
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
        spread_groups: Sequence[SpreadGroup] = (),
        affinity: Sequence[Affinity] = (),
        anti_affinity: Sequence[Affinity] = (),
        tolerations: Sequence[Toleration] = (),
        fit: str | None = None,
        min_clusters: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            "PickAll",
            required=required,
            topology_spread=topology_spread,
            filters=filters,
            spread_groups=spread_groups,
            affinity=affinity,
            anti_affinity=anti_affinity,
            tolerations=tolerations,
            fit=fit,
            min_clusters=min_clusters,
            **unknown,
        )


class PickFixed(Policy):
    """Exactly the named clusters. Spread groups, affinity and anti-affinity only warn."""

    def __init__(
        self,
        *names: str,
        spread_groups: Sequence[SpreadGroup] = (),
        affinity: Sequence[Affinity] = (),
        anti_affinity: Sequence[Affinity] = (),
        tolerations: Sequence[Toleration] = (),
        min_clusters: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            "PickFixed",
            cluster_names=list(names),
            spread_groups=spread_groups,
            affinity=affinity,
            anti_affinity=anti_affinity,
            tolerations=tolerations,
            min_clusters=min_clusters,
            **unknown,
        )


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
        spread_groups: Sequence[SpreadGroup] = (),
        affinity: Sequence[Affinity] = (),
        anti_affinity: Sequence[Affinity] = (),
        tolerations: Sequence[Toleration] = (),
        fit: str | None = None,
        min_clusters: int | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            "PickN",
            number_of_clusters=n,
            required=required,
            preferred=preferred,
            topology_spread=topology_spread,
            filters=filters,
            spread_groups=spread_groups,
            affinity=affinity,
            anti_affinity=anti_affinity,
            tolerations=tolerations,
            fit=fit,
            min_clusters=min_clusters,
            **unknown,
        )
