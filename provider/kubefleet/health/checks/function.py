"""A Python function of the user's own."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from kubefleet.health.status import Health, available, progressing

_EXPECTED = "expected True, False, a text that says why not, or a Health"
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Function:
    """Called with a copy of the live object. It answers True, False, why not, or a `kubefleet.health.Health`."""

    name: str
    function: Callable[..., object] = field(compare=False, repr=False)

    def __str__(self) -> str:
        return self.name

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """One that raises, or answers something else, is Progressing with that as its reason."""
        try:
            answer = self.function(deepcopy(dict(live)))
        # A function that wants to end the process is one that fails.
        except (Exception, SystemExit) as error:
            return progressing(_one_line(f"{self}: {type(error).__name__}: {error}"))
        if isinstance(answer, Health):
            return Health(answer.status, _one_line(answer.reason))
        if isinstance(answer, bool):
            return available(f"{self} is True") if answer else progressing(f"{self} is False")
        if isinstance(answer, str) and answer.strip():
            return progressing(_one_line(f"{self}: {answer}"))
        return progressing(_one_line(f"{self} returned {type(answer).__name__} `{answer!r}` ({_EXPECTED})"))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}..."
