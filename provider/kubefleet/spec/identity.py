"""`IdentityFederation` as a program writes it."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import field_validator

from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.needs import HOME
from kubefleet.identity.settings import EntraApp, IdentitySettings, OnDenied
from kubefleet.spec.member import AccessSpec, access_of
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.scalars import Name, Text
from kubefleet.spec.shares import parse_duration
from kubefleet.spec.written import Written, read

PATH: Final = "fleet.identity"
AUTO: Final = "auto"
MODES: Final = ("azure", "exec", "impersonation", "oidc", "service-account-token")
WITH_HUB: Final = frozenset({"azure", "oidc"})
"""Modes in which a hub gives the tokens."""
WITH_AGENT: Final = frozenset({"impersonation"})
"""Modes in which an agent acts for all. A hub, where there is one, says who runs the command, and nothing else."""
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
    hub: AccessSpec | None = None
    hub_namespace: Name = HOME
    tenant_id: str = ""
    client_id: str = ""
    object_id: str = ""
    authority: str = ""
    on_denied: Literal["fail", "skip_cluster"] = "fail"
    legacy_impersonation: bool = False

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
    hub = access_of(spec.hub, "fleet.hub", mistakes) if spec.hub is not None else None
    mode = ("oidc" if hub is not None else "service-account-token") if spec.mode == AUTO else spec.mode
    if mode in WITH_HUB and spec.hub is None:
        mistakes.append(Mistake(join(PATH, "mode"), f"mode `{mode}` without a hub (expected `hub` of the fleet)."))
    entra = None
    if mode == "azure":
        entra = EntraApp(spec.tenant_id, spec.client_id, spec.object_id, authority=spec.authority)
    if entra is not None:
        absent = [name for name in ("tenant_id", "client_id", "object_id") if not getattr(spec, name)]
        mistakes.extend(Mistake(join(PATH, name), "missing field (expected by mode `azure`)") for name in absent)
    namespace = spec.hub_namespace if mode in WITH_HUB else HOME
    denied = OnDenied(spec.on_denied)
    asked = hub if mode in WITH_HUB | WITH_AGENT else None
    legacy = spec.legacy_impersonation
    return IdentitySettings(mode, ceiling, seconds, asked, namespace, entra, denied, legacy)


def check_mode_kept(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None, mistakes: list[Mistake]) -> None:
    """Adds a mistake where `auto` means another mode than in the last run: members have joined in that one, and they
    would know nobody any more. Who writes the mode knows.
    """
    was, is_now = parse_identity(before, []), parse_identity(now, [])
    if was is None or is_now is None or now is None or now.get("mode", AUTO) != AUTO or was.mode == is_now.mode:
        return
    hub = "with" if is_now.hub is not None else "without"
    way = f'Write `mode="{was.mode}"` to keep it, or `mode="{is_now.mode}"` when they have joined again in that'
    told = f"`auto` is `{is_now.mode}` {hub} a hub, and members have joined in mode `{was.mode}`. {way}."
    mistakes.append(Mistake(join(PATH, "mode"), told))
