"""The join of a member, in a stack of its admin's own."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pulumi

from kubefleet.spec.mistakes import Mistake
from pulumi_kubefleet._collect import SCHEMA
from pulumi_kubefleet._record import plain
from pulumi_kubefleet._resources import Join, Outcome
from pulumi_kubefleet._secrets import member_secrets
from pulumi_kubefleet._source import caller
from pulumi_kubefleet.access import ClusterProfile, ExecCredential, Kubeconfig
from pulumi_kubefleet.identity import IdentityFederation


class MemberJoin(pulumi.ComponentResource):
    """Has a member trust a fleet within a ceiling, as `kubefleet join` does, in a stack of the member's admin.

    The stack of the fleet declares the member without `join`, and never sees the admin's access. Taking this out of the
    program takes the join back: placements should be gone by then.

    Example:
        ```python
        joined = MemberJoin(
            "eu-1",
            context="eu-1-admin",
            identity=IdentityFederation(namespaces=["shop"]),
            operators=["ana"],
        )
        pulumi.export("uid", joined.uid)
        ```

    Args:
        name: what the member is called in the fleet.
        context: a context of the kubeconfig (short for `access=Kubeconfig(context)`), of an admin of the member.
        access: `Kubeconfig`, `ExecCredential` or `ClusterProfile`.
        identity: the mode, and the ceiling of what placements may have. The fleet says the same.
        hub: the cluster whose identities the member is to trust. It is asked for its issuer and public keys, which
            everybody may read: a context without any credential will do.
        operators: users, as the member knows them, who may run the fleet, and may do nothing else there: for
            `service-account-token`. In `impersonation` it is the one who acts as the fleet's users. With accounts on a
            hub they are named in `HubAccounts`.
        uid: the uid of its namespace kube-system; else it is asked.
        authentication_config: the file of its API server's AuthenticationConfiguration, where that is on this machine:
            the hub's entry is written there, and all others are left as they are.

    """

    uid: pulumi.Output[str]
    """The uid of the member's namespace kube-system, for `uid` of `fleet.member` where the operator may not ask."""

    def __init__(
        self,
        name: str,
        *,
        context: pulumi.Input[str] | None = None,
        access: Kubeconfig | ExecCredential | ClusterProfile | None = None,
        identity: IdentityFederation | None = None,
        hub: Kubeconfig | ExecCredential | None = None,
        operators: Sequence[pulumi.Input[str]] = (),
        uid: pulumi.Input[str] | None = None,
        authentication_config: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__("kubefleet:index:MemberJoin", name, None, opts)
        if context is not None and access is not None:
            unknown = {**unknown, "context": context}  # both: let the check say so, by path
        elif context is not None:
            access = Kubeconfig(context)
        federation = plain(identity) if isinstance(identity, IdentityFederation) else None
        if hub is not None and federation is not None:
            federation = {**federation, "hub": plain(hub)}
        written = {
            "access": access,
            "identity": federation,
            "operators": operators or None,
            "uid": uid,
            "authentication_config": authentication_config,
            **unknown,
        }
        raw = {key: plain(value) for key, value in written.items() if value is not None}
        # The SDK waits for coroutines; its types do not say so: hence Any.
        mistakes: Any = _secrets(name, raw, caller())
        inputs = {"schema": SCHEMA, "member": name, "mistakes": pulumi.Output.from_input(mistakes), **raw}
        options = pulumi.ResourceOptions(parent=self)
        joined = Join(name, inputs, options)
        phases = {name: {"phase": joined.phase, "reason": joined.reason}}
        Outcome(name, {"schema": SCHEMA, "fleet": name, "phases": {}, "joins": phases}, options)
        self.uid = joined.cluster_uid
        self.register_outputs({"uid": self.uid})


async def _secrets(name: str, raw: dict[str, Any], where: str) -> list[dict[str, Any]]:
    """A mistake for every secret among the inputs, by where they are declared."""
    found = await member_secrets(name, raw)
    return [asdict(Mistake(item.path, item.message, where)) for item in found]
