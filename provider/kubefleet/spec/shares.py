"""Durations, and numbers that may be percentages, as users write them."""

import re

from kubefleet.model.share import Share
from kubefleet.spec.mistakes import Mistake

_DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_PERCENT = re.compile(r"(\d+)%", re.ASCII)


def parse_duration(raw: int | str, path: str, mistakes: list[Mistake]) -> int:
    """Seconds from `90`, `"90s"`, `"10m"` or `"1h30m"`; 0 after adding to `mistakes`."""
    if isinstance(raw, int):
        if raw > 0:
            return raw
    elif raw and (match := _DURATION.fullmatch(raw)):
        return sum(int(part or 0) * unit for part, unit in zip(match.groups(), (3600, 60, 1), strict=True))
    mistakes.append(Mistake(path, f"bad duration `{raw}` (expected something like 90s, 10m or 1h30m)."))
    return 0


def parse_share(raw: int | str, path: str, what: str, mistakes: list[Mistake]) -> Share:
    """`3` or `"25%"` of `what`; 1 after adding to `mistakes`."""
    if isinstance(raw, int) and raw >= 0:
        return Share(raw)
    if isinstance(raw, str) and (match := _PERCENT.fullmatch(raw)) and int(match[1]) <= 100:
        return Share(int(match[1]), percent=int(match[1]) > 0)
    mistakes.append(Mistake(path, f"bad value `{raw}` (expected a number of {what} or a percentage such as 25%)."))
    return Share(1)
