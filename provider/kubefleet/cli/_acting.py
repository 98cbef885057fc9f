"""Commands look at members under the fleet's identities, as its stack does."""

from collections.abc import Callable

from kubefleet.federation.member import FederatedMember
from kubefleet.identity.settings import IdentitySettings
from kubefleet.kube import Connection
from kubefleet.model.member import Member


def member_under(settings: IdentitySettings, member: Member) -> FederatedMember:
    """A member with its identities, made once in this process. Raises Unreachable."""
    from kubefleet.resources import _federation

    return _federation.member_under(settings, member)


def looking(settings: IdentitySettings | None) -> Callable[[Member], Connection] | None:
    """How a snapshot looks at a member: as the reader; None where the declared access is for that."""
    return None if settings is None else lambda member: member_under(settings, member).reader()
