"""What is wrong with rights or with what they are derived from: all of it at once."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """`path` says where (`Role shop/reader`, `shop.rules[2].verbs`), `why` what, and what to do."""

    path: str
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


class Flawed(Exception):
    """These cannot be used; `flaws` has everything that is wrong with them, sorted."""

    def __init__(self, flaws: Iterable[Flaw]) -> None:
        self.flaws = tuple(sorted(flaws))
        super().__init__("\n".join(str(flaw) for flaw in self.flaws))
