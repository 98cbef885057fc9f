"""Which taints of a cluster a policy tolerates at the moment of the snapshot."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from kubefleet.model.taint import Effect, Taint, Toleration


def tolerated(taint: Taint, tolerations: Sequence[Toleration], now: datetime) -> bool:
    """Whether the taint is tolerated, and still is `now`.

    As kube's taint manager has it, the shortest `seconds` of all matching tolerations counts, and zero or less tolerates
    nothing. The time runs from when the taint was added; where that is not known it has not begun to run.
    """  # noqa: E501
    matching = [toleration for toleration in tolerations if toleration.tolerates(taint)]
    if not matching:
        return False
    shortest = _shortest(taint, matching)
    if shortest is not None and shortest <= 0:
        return False
    until = tolerated_until(taint, matching)
    return until is None or now < until


def tolerated_until(taint: Taint, tolerations: Sequence[Toleration]) -> datetime | None:
    """When a NoExecute taint that is tolerated for a time is so no more; None where no time runs."""
    shortest = _shortest(taint, [toleration for toleration in tolerations if toleration.tolerates(taint)])
    return None if shortest is None or taint.added is None else taint.added + timedelta(seconds=shortest)


def _shortest(taint: Taint, matching: Sequence[Toleration]) -> int | None:
    limits = [toleration.seconds for toleration in matching if toleration.seconds is not None]
    return min(limits) if limits and taint.effect is Effect.NO_EXECUTE else None
