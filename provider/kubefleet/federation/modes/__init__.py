"""Modes of federation, by the name that programs give. A new one is a file here and a row."""

from typing import Final

from kubefleet.federation.modes.azure import Azure
from kubefleet.federation.modes.declared import Declared
from kubefleet.federation.modes.impersonation import Impersonation
from kubefleet.federation.modes.oidc import Oidc
from kubefleet.federation.modes.protocol import Ground, Mode
from kubefleet.federation.modes.service_account import ServiceAccountToken

MODES: Final[dict[str, type[Mode]]] = {
    mode.name: mode for mode in (Oidc, Impersonation, ServiceAccountToken, Declared, Azure)
}


def make_mode(name: str, ground: Ground) -> Mode:
    """The mode of that name. Raises ValueError where there is none, or the ground lacks what it needs."""
    if name not in MODES:
        raise ValueError(f"unknown mode `{name}` (expected one of: {', '.join(sorted(MODES))})")
    return MODES[name](ground)


__all__ = ["MODES", "Ground", "Mode", "make_mode"]
