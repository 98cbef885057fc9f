"""Waiting between two looks at a cluster."""

import random
from typing import Final

from kubefleet.kube.errors import Cancelled
from kubefleet.kube.patience import Impatient, Patience

CONTENDED: Final = 60
"""Seconds after which an object that changes at every attempt is given up."""
_MOMENTS: Final = (0.02, 0.5)


def pause(member: str, patience: Patience, seconds: float) -> bool:
    """Sleep; False when the patience's deadline has come. Raises Cancelled when the user cancels."""
    try:
        patience.sleep(seconds)
    except Impatient as impatient:
        if impatient.cancelled:
            raise Cancelled(member) from impatient
        return False
    return True


def pause_after_conflict(member: str, patience: Patience) -> bool:
    """As `pause`, for a random moment: placements that lost the same race would meet again at the next attempt."""
    return pause(member, patience, random.uniform(*_MOMENTS))  # noqa: S311 - no secret depends on it
