"""`IdentityFederation` as a program writes it."""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import field_validator

from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.settings import IdentitySettings
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.scalars import Name, Text
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written, read

PATH: Final = "fleet.identity"
AUTO: Final = "auto"
MODES: Final = ("service-account-token",)
"""What a fleet can be given; the first stands for `auto`."""
_SHORTEST, _LONGEST = 600, 3600


class IdentitySpec(Written):
    """Its fields."""

    mode: Text = AUTO
    namespaces: list[Name] = []
    cluster_scoped: list[Text] = []
    custom: list[Text] = []
    service_accounts: list[Name] = ["default"]
    shared: list[Text] = ["configmaps/kube-root-ca.crt"]
    allow_escalation: list[Text] = []
    ttl: int | str = "15m"

    @field_validator("mode")
    @classmethod
    def _known_mode(cls, mode: str) -> str:
        if mode not in (AUTO, *MODES):
            raise ValueError(f"unknown mode `{mode}` (expected one of {', '.join((AUTO, *MODES))})")
        return mode


def parse_identity(raw: Mapping[str, Any] | None, mistakes: list[Mistake]) -> IdentitySettings | None:
    """The settings; None where a fleet has none, or after adding what is wrong with them."""
    if raw is None:
        return None
    spec = read(IdentitySpec, raw, PATH, Spelling.PYTHON, mistakes)
    if spec is None:
        return None
    seconds = parse_duration(spec.ttl, join(PATH, "ttl"), mistakes)
    if not _SHORTEST <= seconds <= _LONGEST:
        mistakes.append(Mistake(join(PATH, "ttl"), f"bad life `{spec.ttl}` (expected 10m to 1h)."))
    ceiling = Ceiling(
        tuple(spec.namespaces),
        tuple(spec.cluster_scoped),
        tuple(spec.custom),
        tuple(spec.service_accounts),
        tuple(spec.shared),
        tuple(spec.allow_escalation),
    )
    return IdentitySettings(MODES[0] if spec.mode == AUTO else spec.mode, ceiling, seconds)
