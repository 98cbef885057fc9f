import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.generic]

def lay(
    kinds: _Array,
    counts: _Array,
    free: _Array,
    used: _Array,
    height: _Array,
    whole: _Array,
    need: _Array,
    accepts: _Array,
    loss: _Array,
    rows: _Array,
    left: _Array,
    first: int,
    /,
) -> int: ...
def room(
    kinds: _Array,
    counts: _Array,
    free: _Array,
    used: _Array,
    height: _Array,
    whole: _Array,
    need: _Array,
    accepts: _Array,
    loss: _Array,
    rows: _Array,
    out: _Array,
    /,
) -> None: ...
def most(kinds: _Array, free: _Array, used: _Array, accepts: _Array, out: _Array, /) -> None: ...
def shares(free: _Array, wholes: _Array, best: _Array, taken: _Array, bits: _Array, out: _Array, /) -> None: ...
def took(
    free: _Array,
    began: _Array,
    laid: _Array,
    before: _Array,
    rows: _Array,
    need: _Array,
    pods: _Array,
    lost: _Array,
    /,
) -> None: ...
def best(totals: _Array, places: _Array, out: _Array, /) -> None: ...
