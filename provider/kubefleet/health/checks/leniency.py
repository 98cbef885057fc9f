"""What the built-in rule of a kind lets pass, as the user has it. Each stands in the place of that rule."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kubefleet.health.custom_resource import custom_resource
from kubefleet.health.stateful_set import daemon_set
from kubefleet.health.status import Health, Status
from kubefleet.model.share import Share


@dataclass(frozen=True, slots=True)
class TolerateUnavailable:
    """A DaemonSet is available though so many of its nodes (a share is rounded down) lack an updated, available pod."""

    nodes: Share

    def __str__(self) -> str:
        return f"tolerates {self.nodes.amount}{'%' if self.nodes.percent else ''} unavailable"

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """As the rule of DaemonSets."""
        return daemon_set(live, tolerated=self.nodes)


@dataclass(frozen=True, slots=True)
class UnverifiedWait:
    """An object whose health nobody can tell passes after so many seconds."""

    seconds: int

    def __str__(self) -> str:
        return f"passes after {self.seconds} s"

    def __call__(self, live: Mapping[str, Any]) -> Health:
        """As the rule of custom resources."""
        found = custom_resource(live)
        return replace(found, passes_after=self.seconds) if found.status is Status.UNVERIFIED else found
