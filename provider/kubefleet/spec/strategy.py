"""Strategies as users write them."""

import re
from typing import Literal

from kubefleet.model.strategy import RollingUpdate, Share
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.written import Written, read

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_PERCENT = re.compile(r"(\d+)%", re.ASCII)


class WrittenStrategy(Written):
    """`{type: RollingUpdate, max_unavailable: "25%", max_surge: 1, progress_deadline: "10m", unverified_wait: 60}`."""

    type: Literal["RollingUpdate"]
    max_unavailable: int | str = "25%"
    max_surge: int | str = "25%"
    progress_deadline: int | str = "10m"
    unverified_wait: int | str = "60s"


def parse_strategy(raw: object, path: str, spelling: Spelling, mistakes: list[Mistake]) -> RollingUpdate | None:
    """A strategy, the default one when nothing is written, or None after adding to `mistakes`."""
    if raw is None:
        return RollingUpdate()
    written = read(WrittenStrategy, raw, path, spelling, mistakes)
    if written is None:
        return None
    before = len(mistakes)
    unavailable = _share(written.max_unavailable, join(path, "max_unavailable"), mistakes)
    surge = _share(written.max_surge, join(path, "max_surge"), mistakes)
    deadline = parse_duration(written.progress_deadline, join(path, "progress_deadline"), mistakes)
    unverified = parse_duration(written.unverified_wait, join(path, "unverified_wait"), mistakes)
    if unavailable.amount == 0:
        message = (
            "no cluster may be unavailable (expected at least 1: an update in place takes a copy down for a moment)."
        )
        mistakes.append(Mistake(join(path, "max_unavailable"), message))
    return RollingUpdate(unavailable, surge, deadline, unverified) if len(mistakes) == before else None


def parse_duration(raw: int | str, path: str, mistakes: list[Mistake]) -> int:
    """Seconds from `90`, `"90s"`, `"10m"` or `"1h30m"`; 0 after adding to `mistakes`."""
    if isinstance(raw, int):
        if raw > 0:
            return raw
    elif raw and (match := _DURATION.fullmatch(raw)):
        return sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
    mistakes.append(Mistake(path, f"bad duration `{raw}` (expected something like 90s, 10m or 1h30m)."))
    return 0


def _share(raw: int | str, path: str, mistakes: list[Mistake]) -> Share:
    if isinstance(raw, int) and raw >= 0:
        return Share(raw)
    if isinstance(raw, str) and (match := _PERCENT.fullmatch(raw)) and int(match[1]) <= 100:
        return Share(int(match[1]), percent=int(match[1]) > 0)
    mistakes.append(Mistake(path, f"bad value `{raw}` (expected a number of clusters or a percentage such as 25%)."))
    return Share(1)
