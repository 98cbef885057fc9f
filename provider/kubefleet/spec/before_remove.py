"""What a placement waits for before it leaves a cluster: traffic moves on more slowly than pods."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kubefleet.model.gate import Gate, Wait
from kubefleet.spec.follower_kinds import group_of
from kubefleet.spec.gates import parse_gates
from kubefleet.spec.mistakes import Mistake, Spelling

_TRAFFIC_SECONDS: Final = 60
_ADDRESSED: Final = frozenset({("networking.k8s.io", "Ingress"), ("multicluster.x-k8s.io", "ServiceExport")})
_ROUTES: Final = "gateway.networking.k8s.io"


def parse_before_remove(raw: Any, path: str, mistakes: list[Mistake], keys: Iterable[str]) -> tuple[Gate, ...] | None:
    """The gates as they are written; None where nothing is, so that it goes by the manifests. Adds to `mistakes`."""
    if raw is None:
        return None
    if not isinstance(raw, list):
        mistakes.append(Mistake(path, "no list of gates (expected `Wait`, `Approval` and `Check`)."))
        return ()
    return parse_gates(raw, path, Spelling.PYTHON, mistakes, keys)


def gates_before_removal(written: tuple[Gate, ...] | None, manifests: Iterable[Mapping[str, Any]]) -> tuple[Gate, ...]:
    """Those that are written; else a minute where the placement has an address of its own in each cluster."""
    if written is not None:
        return written
    return (Wait(_TRAFFIC_SECONDS),) if any(map(has_address, manifests)) else ()


def has_address(manifest: Mapping[str, Any]) -> bool:
    """Whether clients from outside reach the cluster by this object."""
    group, kind = group_of(manifest), str(manifest.get("kind"))
    if (group, kind) == ("", "Service"):
        return (manifest.get("spec") or {}).get("type") == "LoadBalancer"
    return (group, kind) in _ADDRESSED or (group == _ROUTES and kind.endswith("Route"))
