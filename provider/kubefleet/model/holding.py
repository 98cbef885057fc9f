"""What a placement has on a cluster, by the record that it keeps there."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Holding:
    """One inventory object in short. `revision` is live entirely only when `completed`."""

    uid: str
    placement: str
    fleet: str
    revision: str
    completed: bool
