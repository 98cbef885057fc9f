"""What is wrong with an override, and where in it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """`steps` lead from the list of overrides to the place, `object` is the key of the manifest that it shows on (empty
    where it shows without one).
    """

    steps: tuple[str | int, ...]
    why: str
    object: str = ""


class Unfit(Exception):
    """A change that does not fit the object; `steps` lead from the change to the place. `why` holds no value."""

    def __init__(self, steps: tuple[str | int, ...], why: str) -> None:
        self.steps = steps
        self.why = why
        super().__init__(why)
