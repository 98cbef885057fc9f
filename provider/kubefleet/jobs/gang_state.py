"""How far a gang has come, beside its account; and the same as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kubefleet.model.selector import Expr, Operator

Places = tuple[tuple[str, tuple[Expr, ...]], ...]
"""By cluster, labels of the nodes that the pods of a shard have to be on."""


class GangPhase(StrEnum):
    """Of an attempt to run all shards, which are the last generation of the account; each phase begins when all of them
    have come through the one before.
    """

    QUEUED = "queued"
    """There is no attempt: nothing of the gang is meant to be anywhere."""
    RESERVING = "reserving"
    """Every shard is there, suspended, and placeholders look for nodes."""
    STARTING = "starting"
    """All placeholders had nodes at once. Shards run, and placeholders go."""
    RUNNING = "running"
    """All pods are ready at once, or have done their work."""


@dataclass(frozen=True, slots=True)
class GangState:
    """`since` (seconds of the epoch) the phase has lasted; `attempts` have failed, `excluded` are the clusters to blame
    for that, and `reason` is why the last one did.
    """

    phase: GangPhase = GangPhase.QUEUED
    since: int = 0
    attempts: int = 0
    excluded: tuple[str, ...] = ()
    places: Places = ()
    reason: str = ""

    def nodes(self, cluster: str) -> tuple[Expr, ...]:
        """Labels of the nodes that the shard on a cluster has to be on."""
        return dict(self.places).get(cluster, ())


def nodes_to_json(nodes: tuple[Expr, ...]) -> list[list[str]]:
    """Labels of nodes."""
    return [[expr.key, expr.operator.value, *expr.values] for expr in nodes]


def nodes_from_json(raw: Sequence[Sequence[str]]) -> tuple[Expr, ...]:
    """Labels of nodes. Raises ValueError or TypeError where they are none."""
    return tuple(Expr(str(key), Operator(operator), tuple(map(str, values))) for key, operator, *values in raw)


def state_to_json(state: GangState) -> dict[str, Any]:
    """Equal states are equal JSON."""
    return {
        "phase": state.phase.value,
        "since": state.since,
        "attempts": state.attempts,
        "excluded": list(state.excluded),
        "places": [{"cluster": cluster, "nodes": nodes_to_json(nodes)} for cluster, nodes in state.places],
        "reason": state.reason,
    }


def state_from_json(raw: Mapping[str, Any]) -> GangState:
    """The state. Raises ValueError where it is none."""
    try:
        return GangState(
            GangPhase(raw["phase"]),
            int(raw["since"]),
            int(raw["attempts"]),
            tuple(str(name) for name in raw["excluded"]),
            tuple((str(item["cluster"]), nodes_from_json(item["nodes"])) for item in raw["places"]),
            str(raw["reason"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"bad state of a gang: {type(error).__name__}: {error}") from None
