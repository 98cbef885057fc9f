"""What an admin of a member applies once, so that a fleet may apply its placements there without being admin."""

from typing import Any

from kubefleet.identity.agent import agent_manifests
from kubefleet.identity.ceiling import Ceiling, ceiling_manifests
from kubefleet.identity.federation import Federation
from kubefleet.identity.fence import fence
from kubefleet.identity.guard import guard, token_guard
from kubefleet.identity.guard_objects import guard_objects
from kubefleet.identity.guard_references import guard_references
from kubefleet.identity.tiers import tier_manifests


def join_manifests(federation: Federation, ceiling: Ceiling) -> tuple[dict[str, Any], ...]:
    """Namespaces, the policies with their bindings, and only then the roles that they hold; in the order of applying.

    Whoever applies them must be able to grant what they grant: an admin. They are removed in the opposite order.
    """
    policies = (
        fence(federation, ceiling),
        guard(federation),
        token_guard(federation),
        guard_references(federation, ceiling),
        guard_objects(federation, ceiling),
    )
    written = (manifest for policy in policies for manifest in policy.manifests())
    return (
        *ceiling_manifests(ceiling),
        *written,
        *tier_manifests(federation),
        *agent_manifests(federation, ceiling),
    )
