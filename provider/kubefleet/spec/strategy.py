"""Strategies as users write them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Literal

from immutabledict import immutabledict

from kubefleet.model.share import Share
from kubefleet.model.strategy import RollingUpdate, SpreadUpdate, Strategy
from kubefleet.spec.mistakes import Mistake, Spelling, did_you_mean, join
from kubefleet.spec.on_failure import WrittenOnFailure, parse_on_failure
from kubefleet.spec.shares import parse_duration, parse_share
from kubefleet.spec.stages import parse_staged
from kubefleet.spec.written import read


class WrittenRollingUpdate(WrittenOnFailure):
    """`{type: RollingUpdate, max_unavailable: "25%", max_surge: 1, progress_deadline: "10m", unverified_wait: 60}`."""

    type: Literal["RollingUpdate"]
    max_unavailable: int | str = "25%"
    max_surge: int | str = "25%"
    progress_deadline: int | str = "10m"
    unverified_wait: int | str = "60s"


PerWorkload = int | str | dict[str, int | str]
"""For all workloads, or for each by its name: `{"web": 10, "db": "50%"}`."""


class WrittenSpreadUpdate(WrittenOnFailure):
    """`{type: SpreadUpdate, min_available: 10, max_surge: 2}`; `max_unavailable` instead of `min_available`."""

    type: Literal["SpreadUpdate"]
    min_available: PerWorkload | None = None
    max_unavailable: PerWorkload | None = None
    max_surge: PerWorkload = "25%"
    tighten: bool = False
    progress_deadline: int | str = "10m"
    unverified_wait: int | str = "60s"


_TYPES: Final = ("RollingUpdate", "StagedUpdate", "SpreadUpdate")


def parse_strategy(
    raw: object, path: str, spelling: Spelling, mistakes: list[Mistake], keys: Iterable[str] = ()
) -> Strategy | None:
    """A strategy, the default one when nothing is written, or None after adding to `mistakes`. `keys` are the objects
    of the placement (`apiVersion/Kind/namespace/name`), which checks of gates have to be about where there are any.
    """
    if raw is None:
        return RollingUpdate()
    named = raw.get("type") if isinstance(raw, Mapping) else None
    if isinstance(named, str) and named not in _TYPES:
        message = f"bad strategy `{named}` (expected {', '.join(_TYPES)}).{did_you_mean(named, _TYPES)}"
        mistakes.append(Mistake(join(path, "type"), message))
        return None
    before = len(mistakes)
    found: Strategy | None
    if named == "SpreadUpdate":
        found = _spread_update(raw, path, spelling, mistakes)
    elif named == "StagedUpdate":
        found = parse_staged(raw, path, spelling, mistakes, keys)
    else:
        found = _rolling_update(raw, path, spelling, mistakes)
    return found if len(mistakes) == before else None


def _rolling_update(raw: object, path: str, spelling: Spelling, mistakes: list[Mistake]) -> RollingUpdate | None:
    written = read(WrittenRollingUpdate, raw, path, spelling, mistakes)
    if written is None:
        return None
    unavailable = parse_share(written.max_unavailable, join(path, "max_unavailable"), "clusters", mistakes)
    surge = parse_share(written.max_surge, join(path, "max_surge"), "clusters", mistakes)
    deadline, unverified = _times(written, path, mistakes)
    if unavailable.amount == 0:
        message = (
            "no cluster may be unavailable (expected at least 1: an update in place takes a copy down for a moment)."
        )
        mistakes.append(Mistake(join(path, "max_unavailable"), message))
    on_failure = parse_on_failure(written, path, mistakes)
    return RollingUpdate(unavailable, surge, deadline, unverified, on_failure=on_failure)


def _spread_update(raw: object, path: str, spelling: Spelling, mistakes: list[Mistake]) -> SpreadUpdate | None:
    written = read(WrittenSpreadUpdate, raw, path, spelling, mistakes)
    if written is None:
        return None
    if written.min_available is not None and written.max_unavailable is not None:
        message = "`min_available` and `max_unavailable` together (expected one of them: each says what the other is)."
        mistakes.append(Mistake(path, message))
    deadline, unverified = _times(written, path, mistakes)
    common = SpreadUpdate(progress_deadline=deadline, unverified_wait=unverified)
    own: dict[str, SpreadUpdate] = {}
    for field in ("min_available", "max_unavailable", "max_surge"):
        given = getattr(written, field)
        if isinstance(given, dict):
            for name, value in sorted(given.items()):
                share = parse_share(value, join(path, field, name), "pods", mistakes)
                own[name] = _with(own.get(name, common), field, share)
        elif given is not None:
            share = parse_share(given, join(path, field), "pods", mistakes)
            common = _with(common, field, share)
            own = {name: _with(one, field, share) for name, one in own.items()}
    on_failure = parse_on_failure(written, path, mistakes)
    return replace(common, own=immutabledict(own), tighten=written.tighten, on_failure=on_failure)


def _with(strategy: SpreadUpdate, field: str, share: Share) -> SpreadUpdate:
    if field == "min_available":
        return replace(strategy, min_available=share)
    return replace(strategy, max_surge=share) if field == "max_surge" else replace(strategy, max_unavailable=share)


def _times(written: WrittenRollingUpdate | WrittenSpreadUpdate, path: str, mistakes: list[Mistake]) -> tuple[int, int]:
    deadline = parse_duration(written.progress_deadline, join(path, "progress_deadline"), mistakes)
    return deadline, parse_duration(written.unverified_wait, join(path, "unverified_wait"), mistakes)
