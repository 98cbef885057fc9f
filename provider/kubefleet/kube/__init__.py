"""The only code that talks to clusters: JSON in, frozen values out; no client library's type leaves this package."""

from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import (
    ApiError,
    BadAnswer,
    Cancelled,
    MemberError,
    NoAccess,
    NoAccount,
    NoIdentity,
    Unreachable,
)
from kubefleet.kube.fan_out import Outcome, fan_out
from kubefleet.kube.patience import Patience
from kubefleet.kube.snapshot import take_snapshot
from kubefleet.kube.watch import watch

__all__ = [
    "ApiError",
    "BadAnswer",
    "Cancelled",
    "Connection",
    "MemberError",
    "NoAccess",
    "NoAccount",
    "NoIdentity",
    "Outcome",
    "Patience",
    "Unreachable",
    "connect",
    "fan_out",
    "take_snapshot",
    "watch",
]
