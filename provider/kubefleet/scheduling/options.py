"""Options of a plan."""

from dataclasses import dataclass
from enum import StrEnum


class NormalizeOver(StrEnum):
    """Over which clusters a sorter's smallest and largest values are looked for. `MEMBERS` is KubeFleet's way."""

    CANDIDATES = "candidates"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class Options:
    """What may differ from one plan to the next besides its inputs."""

    normalize_over: NormalizeOver = NormalizeOver.CANDIDATES
