"""The dynamic resources that a fleet registers; what they do is in `kubefleet.resources`."""

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi.dynamic

from kubefleet.resources.dispatch import DispatchProvider
from kubefleet.resources.hub import HubProvider
from kubefleet.resources.join import JoinProvider
from kubefleet.resources.outcome import OutcomeProvider
from kubefleet.resources.ownership import OwnershipProvider
from kubefleet.resources.schedule import ScheduleProvider
from kubefleet.resources.settle import SettleProvider
from kubefleet.resources.stage import StageProvider


class Schedule(pulumi.dynamic.Resource, module="kubefleet", name="Schedule"):
    """All requests in, all decisions out: one key `to:<placement>` each."""

    leaving: pulumi.Output[Any]
    stray: pulumi.Output[Any]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(ScheduleProvider(), name, dict(props), opts)


class Ownership(pulumi.dynamic.Resource, module="kubefleet", name="Ownership"):
    """The manifests of a placement, and its uid and revision."""

    uid: pulumi.Output[str]
    revision: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(OwnershipProvider(), name, {**props, "uid": None, "revision": None}, opts)


class Hub(pulumi.dynamic.Resource, module="kubefleet", name="Hub"):
    """The accounts of a fleet's identities on its hub."""

    phase: pulumi.Output[str]
    reason: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(HubProvider(), name, {**props, "phase": None, "reason": None}, opts)


class Join(pulumi.dynamic.Resource, module="kubefleet", name="Join"):
    """What a member must have for the fleet's identities."""

    phase: pulumi.Output[str]
    reason: pulumi.Output[str]
    cluster_uid: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        computed = dict.fromkeys(("phase", "reason", "cluster_uid"))
        super().__init__(JoinProvider(), name, {**props, **computed}, opts)


class Dispatch(pulumi.dynamic.Resource, module="kubefleet", name="Dispatch"):
    """A job on its clusters."""

    phase: pulumi.Output[str]
    reason: pulumi.Output[str]
    state: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(DispatchProvider(), name, {**props, "phase": None, "reason": None, "state": None}, opts)


class Stage(pulumi.dynamic.Resource, module="kubefleet", name="Stage"):
    """One stage of a rollout."""

    phase: pulumi.Output[str]
    reason: pulumi.Output[str]
    pending: pulumi.Output[list[str]]
    broken: pulumi.Output[bool]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        computed = dict.fromkeys(("phase", "reason", "pending", "broken", "healthy"))
        super().__init__(StageProvider(), name, {**props, **computed}, opts)


class Settle(pulumi.dynamic.Resource, module="kubefleet", name="Settle"):
    """What comes after the last stage: removals, scale-downs, pruning."""

    phase: pulumi.Output[str]
    reason: pulumi.Output[str]

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(SettleProvider(), name, {**props, "phase": None, "reason": None}, opts)


class Outcome(pulumi.dynamic.Resource, module="kubefleet", name="Outcome"):
    """Turns failed phases into the command's error."""

    def __init__(self, name: str, props: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        super().__init__(OutcomeProvider(), name, dict(props), opts)
