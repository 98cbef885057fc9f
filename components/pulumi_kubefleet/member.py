"""Member clusters of a fleet."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypedDict, Unpack

import pulumi

from pulumi_kubefleet._record import plain
from pulumi_kubefleet._source import caller
from pulumi_kubefleet.access import ClusterProfile, ExecCredential, Kubeconfig
from pulumi_kubefleet.node_pools import NodePool
from pulumi_kubefleet.terms import Taint

_FLAGS: Final = frozenset({"taints", "node_pools", "cordon", "accept_new_uid", "join"})
"""That one of these is false or empty is as if nobody had said it."""


class MemberArguments(TypedDict, total=False):
    """What may be said of a member, as `MemberCluster` has it."""

    context: pulumi.Input[str] | None
    access: Kubeconfig | ExecCredential | ClusterProfile | None
    labels: Mapping[str, pulumi.Input[str]] | None
    taints: Sequence[Taint]
    properties: Mapping[str, Any] | None
    node_pools: Sequence[NodePool]
    cordon: bool
    leave: str | None
    accept_new_uid: bool
    join: bool
    uid: pulumi.Input[str] | None
    authentication_config: str | None


class MemberCluster(pulumi.ComponentResource):
    """One member cluster. Made by `fleet.member(name, ...)`.

    Args:
        context: a context of the kubeconfig (short for `access=Kubeconfig(context)`).
        access: `Kubeconfig`, `ExecCredential` or `ClusterProfile`.
        labels: labels that policies select on, e.g. `{"region": "eu"}`.
        taints: taints that keep workloads away (`NoSchedule`) or make them move (`NoExecute`).
        properties: properties that win over those collected from nodes.
        node_pools: what its nodes will be: capacity while it is planned or young, and how far its pools may grow.
        cordon: take no new workloads; what runs there stays.
        leave: what becomes of the workloads when the member is taken out of the program: `clean_up` or `keep`.
        accept_new_uid: the name may mean another cluster than in the last run, which has nothing of this fleet yet.
        join: have the member trust the fleet's identities, by the declared access, which must be an admin's for that.
        uid: the uid of its namespace kube-system, for tokens that are good for this member alone, where the declared
            access may not ask for it.
        authentication_config: the file of its API server's AuthenticationConfiguration, where that is on this machine:
            the join writes the hub's entry there, and leaves all others as they are.

    """

    def __init__(
        self,
        fleet: pulumi.Resource,
        fleet_name: str,
        name: str,
        *,
        opts: pulumi.ResourceOptions | None = None,
        **arguments: Unpack[MemberArguments],
    ) -> None:
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=fleet), opts)
        super().__init__("kubefleet:index:MemberCluster", f"{fleet_name}/{name}", None, options)
        self.member_name = name
        self._source = caller()
        said = ((key, value) for key, value in arguments.items() if value is not None)
        written: dict[str, Any] = {key: value for key, value in said if key not in _FLAGS or value}
        if "context" in written and "access" not in written:
            # Where both are given the check says so, by path.
            written["access"] = Kubeconfig(written.pop("context"))
        self._raw = {key: plain(value) for key, value in written.items()}
        self.register_outputs({})
