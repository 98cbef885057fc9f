"""Division over clusters that may grow: first over the nodes that are there, then over those to be added."""

from collections.abc import Sequence
from dataclasses import replace

from kubefleet.model.policy import DivideBy
from kubefleet.scheduling.division import Share, divide, start
from kubefleet.scheduling.seats import Limit


def divide_twice(
    by: DivideBy, shares: Sequence[Share], there: Sequence[int], total: int, limit: Limit | None = None
) -> list[int]:
    """As `divide`. `there` is the room for more, by share, on the nodes that are there: no replica needs a new node
    while another chosen cluster has room on an old one, whatever the weights; minimums come first all the same.
    """
    near = [
        replace(share, cap=max(start(share), min(share.cap, share.current + room)), room=min(share.room, room))
        for share, room in zip(shares, there, strict=True)
    ]
    seats = divide(by, near, total, limit)
    if sum(seats) >= total:
        return seats
    far = [
        replace(share, current=held, room=max(0, share.room - max(0, held - share.current)))
        for share, held in zip(shares, seats, strict=True)
    ]
    return divide(by, far, total, limit)
