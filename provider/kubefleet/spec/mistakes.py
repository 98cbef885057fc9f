"""Mistakes in what a user wrote: all of them at once, each by its path."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum


class Spelling(StrEnum):
    """How field names are written: `max_skew` in programs, `maxSkew` in files."""

    PYTHON = "python"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake: `path` such as `placements.web.policy.numberOfClusters`, `where` (`fleet.yaml:12`) if known."""

    path: str
    message: str
    where: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.where, self.path, self.message) if part)


class MistakesError(Exception):
    """What a user wrote cannot be used. `mistakes` holds everything that is wrong with it."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


def beside(mistakes: Iterable[Mistake], told: Iterable[str]) -> list[Mistake]:
    """Those that are not at or inside one of these paths: of what is a secret nothing else may be said."""
    paths = tuple(told)
    return [
        mistake
        for mistake in mistakes
        if not any(mistake.path == path or mistake.path.startswith((f"{path}.", f"{path}[")) for path in paths)
    ]


def did_you_mean(seen: object, known: Iterable[str]) -> str:
    """` Did you mean `x`?` with the closest known word, or the empty string."""
    words = {word.casefold(): word for word in sorted(known)}
    word = str(seen).casefold()
    close = get_close_matches(word, list(words), n=1, cutoff=0.6)
    if not close and word:
        close = [candidate for candidate in words if candidate.startswith(word)]
    return f" Did you mean `{words[close[0]]}`?" if close else ""


def join(path: str, *steps: str | int) -> str:
    """A longer path: `join("a", "b", 0)` is `a.b[0]`; a step with a dot of its own is quoted."""
    for step in steps:
        if isinstance(step, int):
            path = f"{path}[{step}]"
        elif "." in step:
            path = f'{path}["{step}"]'
        else:
            path = f"{path}.{step}" if path else step
    return path
