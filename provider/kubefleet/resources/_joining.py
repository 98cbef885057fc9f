"""Applying a join to a member, by the access that its admin has declared."""

from collections.abc import Mapping
from typing import Any

from kubefleet.federation import joining
from kubefleet.kube import Connection, MemberError
from kubefleet.resources._adapter import Props
from kubefleet.resources._federation import federated, identity_settings
from kubefleet.resources._task import access_of


def join(news: Props) -> int:
    """Apply what the member must have, in order. How many objects that are. Raises MemberError."""
    return sum(1 for _ in joining.join(*_joining(news)))


def leave(props: Props) -> None:
    """Take it back. Raises MemberError."""
    for _ in joining.leave(*_joining(props)):
        pass


def _joining(news: Props) -> tuple[Connection, tuple[Mapping[str, Any], ...]]:
    name, settings = news["member"], identity_settings(news)
    if settings is None:
        raise MemberError(name, "the fleet has no identity to join it to")
    member = federated(name, access_of(name, news), settings)
    return member.declared, joining.joining(member.mode, settings.ceiling)
