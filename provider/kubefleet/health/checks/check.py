"""A check: which objects it is about, and the rule that judges them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from kubefleet.health.checks.http_probe import HttpProbe
from kubefleet.health.status import Health
from kubefleet.model.subject import Subject


class Rule(Protocol):
    """Judges a live object; as text it is what the user wrote. Never raises."""

    def __call__(self, live: Mapping[str, Any], /) -> Health:
        """Available if it holds, else mostly Progressing, with the reason."""


@dataclass(frozen=True, slots=True)
class Check:
    """`replaces`: the built-in rule of the kind has no say on these objects."""

    subject: Subject
    rule: Rule
    replaces: bool = False

    @property
    def asks(self) -> bool:
        """Whether what it says may change though the object does not: it has to be asked again and again."""
        return isinstance(self.rule, HttpProbe)
