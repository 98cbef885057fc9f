"""Sets of indexes, as compressed bitmaps (Roaring: arXiv 1603.06549): a million indexes with holes take 130 kB, a range
a few bytes.
"""

import base64
import re
from collections.abc import Iterator
from typing import Final

from pyroaring import BitMap, FrozenBitMap

Indexes = FrozenBitMap
NONE: Final = FrozenBitMap()
MOST: Final = 1_000_000
"""How many indexes a job may have."""
_PART: Final = re.compile(r"([0-9]{1,10})(?:-([0-9]{1,10}))?")


def span(first: int, end: int) -> Indexes:
    """From `first` on, without `end`."""
    return FrozenBitMap(range(first, end))


def lowest(indexes: Indexes, count: int) -> Indexes:
    """As many of the lowest."""
    return indexes[:count]


def runs(indexes: Indexes) -> Iterator[tuple[int, int]]:
    """The longest ranges that it consists of, each with its first and its last index, ascending."""
    here = indexes.min() if indexes else -1
    end = indexes.max() + 1 if indexes else 0
    gaps = FrozenBitMap(range(end + 1)) - indexes if indexes else NONE
    while 0 <= here < end:
        # The first that lacks behind it; there is one, right behind the end.
        gap = gaps[gaps.rank(here)]
        yield here, gap - 1
        after = indexes.rank(gap)
        here = indexes[after] if after < len(indexes) else -1


def format_indexes(indexes: Indexes) -> str:
    """As Kubernetes writes them in a Job's status: `0-3,7`; two in a row are `4,5`."""
    parts = []
    for first, last in runs(indexes):
        parts.append(str(first) if first == last else f"{first},{last}" if last == first + 1 else f"{first}-{last}")
    return ",".join(parts)


def parse_indexes(text: str, size: int) -> Indexes:
    """What a Job's `completedIndexes` says, of `size` indexes that it has: others are left out, whoever wrote them.

    Raises ValueError.
    """
    found = BitMap()
    for part in filter(None, text.split(",")):
        match = _PART.fullmatch(part)
        if match is None or int(match[2] or match[1]) < int(match[1]):
            raise ValueError(f"bad indexes `{part[:40]}` (expected e.g. `0-3,7`)")
        found.add_range(int(match[1]), min(int(match[2] or match[1]) + 1, size))
    return FrozenBitMap(found)


def encode(indexes: Indexes) -> str:
    """As text for a state: base64 of Roaring's portable format, the same for equal sets."""
    packed = BitMap(indexes)
    packed.run_optimize()
    return base64.b64encode(packed.serialize()).decode()


def decode(text: str) -> Indexes:
    """The set. Raises ValueError where the text is not one."""
    try:
        return FrozenBitMap(BitMap.deserialize(base64.b64decode(text, validate=True)))
    except (ValueError, IndexError):
        raise ValueError("bad set of indexes (expected a bitmap)") from None


def globally(shard: Indexes, local: Indexes) -> Indexes:
    """The global indexes of those that a shard counts from 0; what it does not have is left out."""
    if not shard or not local:
        return NONE
    first = shard.min()
    if shard.max() - first + 1 == len(shard):
        return FrozenBitMap(local.shift(first)) & shard
    every = shard.to_array()
    return FrozenBitMap([every[i] for i in local if i < len(every)])
