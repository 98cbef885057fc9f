"""Why a placement has no rights at a member, and cannot have them."""

from collections.abc import Collection

from kubefleet.identity import Action, lint, outside_ceiling
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.rights import rights_for
from kubefleet.identity.wording import in_words


def never_granted(
    needed: Collection[Action], ceiling: Ceiling, foreign_secrets: Collection[tuple[str, str]]
) -> tuple[str, ...]:
    """Why no placement may have these rights under that ceiling, each reason once; empty where it may. Pure."""
    rights = rights_for(needed)
    named = (*ceiling.cluster_scoped, *ceiling.custom)
    flaws = (
        *outside_ceiling(rights, ceiling),
        *lint(rights, opted_in=named, escalation=ceiling.escalation, foreign_secrets=foreign_secrets),
    )
    return tuple(dict.fromkeys(flaw.why for flaw in flaws))


def not_granted(mode: str, lacks: Collection[Action]) -> str:
    """What the admin of a member has to grant, in a mode in which the fleet does not."""
    return f"mode `{mode}` gives no rights, and there is none to {in_words(lacks)}. Have the member's admin grant it"
