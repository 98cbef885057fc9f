"""Which indexes each cluster gets, when it is known how many."""

from collections.abc import Mapping

from immutabledict import immutabledict

from kubefleet.jobs.indexes import NONE, Indexes, lowest

_NOTHING: Mapping[str, Indexes] = immutabledict()


def assign(
    counts: Mapping[str, int], indexes: Indexes, previous: Mapping[str, Indexes] = _NOTHING
) -> dict[str, Indexes]:
    """Each cluster keeps the lowest of what it has had, as far as its count goes; what is left goes in ascending order
    to clusters by name: one range each where there was nothing before. No fewer could move.

    `indexes` are as many as the counts in sum.
    """
    kept = {name: lowest(previous.get(name, NONE) & indexes, counts[name]) for name in sorted(counts)}
    left = indexes - NONE.union(*kept.values())
    found = {}
    for name, stays in kept.items():
        more = lowest(left, counts[name] - len(stays))
        left = left - more
        found[name] = stays | more
    return {name: mine for name, mine in found.items() if mine}
