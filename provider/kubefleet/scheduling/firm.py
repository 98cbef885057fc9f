"""Firm seats: of divided replicas so many clusters get one that the minimums of groups hold for those that have any."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kubefleet.scheduling.columns import Columns
from kubefleet.scheduling.division import Share, start
from kubefleet.scheduling.groups import Groups, Rules, cover
from kubefleet.scheduling.pick import Picked


def firm_seats(
    columns: Columns, rules: Rules, picked: Picked, shares: list[Share], seats: Sequence[int]
) -> list[Share]:
    """The same shares where the seats hold the minimums; else shares of which some have a minimum of one more: the best
    clusters that bring a group nobody else does.
    """
    if not _seated(columns, rules, shares, seats).lacks():
        return shares
    groups = Groups(columns, rules, [share.cluster for share in shares if start(share) > 0])
    open_ones = [share.cluster for share in shares if start(share) == 0 and share.cap > 0]
    needed = set(cover(groups, picked.by_score(np.array(open_ones, dtype=np.int64)).tolist()))
    return [replace(share, low=1) if share.cluster in needed else share for share in shares]


def give_up(columns: Columns, rules: Rules, picked: Picked, shares: Sequence[Share], seats: Sequence[int]) -> None:
    """Take all new clusters back: the minimums cannot hold with these shares."""
    picked.lacks = _seated(columns, rules, shares, seats).lacks()
    picked.chosen = [i for i in picked.chosen if i not in picked.added]
    picked.added = []


def _seated(columns: Columns, rules: Rules, shares: Sequence[Share], seats: Sequence[int]) -> Groups:
    return Groups(columns, rules, [share.cluster for share, count in zip(shares, seats, strict=True) if count])
