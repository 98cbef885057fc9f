"""What a fleet has on its hub, in a stack of the hub's admin."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi


class HubAccounts(pulumi.ComponentResource):
    """The accounts of a fleet's identities on its hub, and who may act as these, as an admin of the hub grants it.

    An admin of the hub applies it once, in a stack of the admin's own. The fleets of the operators need no more of the
    hub then: in this namespace they may make and remove accounts, request their tokens, and keep the account of their
    jobs (ConfigMaps and Leases), and nothing else, and what is here stays when a fleet goes. Taking this out of the
    program removes the namespace with all accounts in it, those of placements too: fleets should be gone by then. Its
    resources are those of `pulumi-kubernetes` (the extra `hub`).

    Example:
        ```python
        admin = pulumi_kubernetes.Provider("hub", context="hub-admin")
        HubAccounts("fleet", operators=["ana"], opts=pulumi.ResourceOptions(provider=admin))
        ```

    Args:
        mode: the mode of the fleets, which says whose accounts are there from the start: `oidc` or `azure`.
        namespace: where the accounts are, `pulumi-kubefleet` if nothing is said; a fleet says the same by its
            `hub_namespace`. It is for nothing else: operators may act as every account in it.
        operators: users who may run fleets, as the hub knows them; of an account that is
            `system:serviceaccount:NAMESPACE:NAME`.
        public_discovery: let everybody, also those whom the hub does not know, read its issuer's public keys. Members
            that trust the hub must be able to.

    """

    namespace: pulumi.Output[str]
    """Where the accounts are, once they are there."""

    def __init__(
        self,
        name: str,
        *,
        mode: str = "oidc",
        namespace: str | None = None,
        operators: Sequence[pulumi.Input[str]] = (),
        public_discovery: bool = False,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("kubefleet:index:HubAccounts", name, None, opts)
        # Programs without it do not pay for it: it takes longer to import than all of ours.
        try:
            from pulumi_kubernetes.core.v1 import Namespace, ServiceAccount
            from pulumi_kubernetes.rbac.v1 import ClusterRoleBinding, Role, RoleBinding
        except ImportError as error:
            what = f"HubAccounts `{name}` needs pulumi-kubernetes. Install `pulumi-kubefleet[hub]`"
            raise pulumi.RunError(what) from error
        from kubefleet.dispatch.hub_objects import RULES as OF_JOBS
        from kubefleet.federation.minting import ROLE, RULES
        from kubefleet.federation.modes import MODES
        from kubefleet.identity.needs import HOME
        from kubefleet.spec.identity import WITH_HUB

        if mode not in WITH_HUB:
            known = ", ".join(sorted(WITH_HUB))
            raise pulumi.RunError(f"HubAccounts `{name}`: mode `{mode}` has none on a hub (expected one of {known})")
        child = pulumi.ResourceOptions(parent=self)
        place = namespace or HOME
        home = Namespace(name, metadata={"name": place}, opts=child)
        within = pulumi.ResourceOptions(parent=self, depends_on=[home])
        accounts = [
            # No pod runs as one of them.
            ServiceAccount(
                f"{name}/{role.account}",
                metadata={"name": role.account, "namespace": place},
                automount_service_account_token=False,
                opts=within,
            )
            for role in MODES[mode].accounts
        ]
        metadata = {"name": ROLE, "namespace": place}
        role = Role(name, metadata=metadata, rules=[_rule(rule) for rule in (*RULES, *OF_JOBS)], opts=within)
        bound = RoleBinding(
            name,
            metadata=metadata,
            role_ref={"api_group": _RBAC, "kind": "Role", "name": ROLE},
            subjects=[{"api_group": _RBAC, "kind": "User", "name": user} for user in operators],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )
        if public_discovery:
            ClusterRoleBinding(
                f"{name}/discovery",
                metadata={"name": "fleet-issuer-discovery"},
                role_ref={"api_group": _RBAC, "kind": "ClusterRole", "name": _DISCOVERY},
                subjects=[{"api_group": _RBAC, "kind": "Group", "name": "system:unauthenticated"}],
                opts=child,
            )
        ready = pulumi.Output.all(*(account.id for account in accounts), bound.id)
        self.namespace = ready.apply(lambda _: place)
        self.register_outputs({"namespace": self.namespace})


_RBAC = "rbac.authorization.k8s.io"
_DISCOVERY = "system:service-account-issuer-discovery"


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {"api_groups": rule["apiGroups"], "resources": rule["resources"], "verbs": rule["verbs"]}
