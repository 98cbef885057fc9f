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
    limits = [toleration.seconds for toleration in matching if toleration.seconds is not None]
    if taint.effect is not Effect.NO_EXECUTE or not limits:
        return True
    shortest = min(limits)
    if shortest <= 0:
        return False
    return taint.added is None or now < taint.added + timedelta(seconds=shortest)
