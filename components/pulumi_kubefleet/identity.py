"""Under which identities a fleet acts."""

from collections.abc import Sequence
from typing import Any

from pulumi_kubefleet._record import Record


class IdentityFederation(Record):
    """A fleet acts at its members under short-lived identities that may do exactly what its placements need.

    Args:
        mode: where members' trust comes from: `oidc` (they trust the hub's issuer), `service-account-token` (their own
            accounts), `impersonation` (an agent acts as the fleet's users), `azure` (Entra), `exec` (whatever the
            declared access yields). `auto` is `oidc` where the fleet has a hub, else `service-account-token`.
        namespaces: where placements may have objects. What a manifest has elsewhere fails the preview.
        cluster_scoped: resources without a namespace that they may have, as kubectl spells them.
        custom: namespaced resources that they may have beside Kubernetes' own workloads and what belongs to these.
        service_accounts: accounts that pods may run as, beside the placement's own.
        shared: what pods may name beside the placement's own, e.g. `configmaps/ca`.
        allow_escalation: names of roles that placements may write and bind.
        hub_namespace: where the hub has the accounts of the fleet's identities, in modes with a hub.
        tenant_id: Entra's tenant, for `azure`.
        client_id: the application in it, whose federated credentials name the hub's accounts.
        object_id: the id of its service principal, which is its name at members.
        authority: where Entra is in a national cloud, as `login.chinacloudapi.cn`; else what `AZURE_AUTHORITY_HOST`
            says, or the public cloud's.
        legacy_impersonation: in `impersonation`, for members that join in the program: where they know no constrained
            impersonation (Kubernetes before 1.36) the agent may do whatever a placement may. Else they do not join.
        ttl: how long a token lives, from `10m` to `1h`.
        on_denied: what becomes of a placement at a member that lets it have no rights: the objects are outside the
            ceiling, the member's admin has not granted what lacks, or the member refuses the roles. `fail` (default):
            the preview fails, and so does an `up` that had none. `skip_cluster`: the preview shows what lacks, and the
            placement goes on at its other clusters; nothing of it is written there. The decision stays as it is: the
            cluster counts as unavailable and is pending, as a member is that does not answer, so nothing that it should
            replace is taken away elsewhere, and the next `up` tries again.

    """

    def __init__(
        self,
        mode: str = "auto",
        *,
        namespaces: Sequence[str] = (),
        cluster_scoped: Sequence[str] = (),
        custom: Sequence[str] = (),
        service_accounts: Sequence[str] | None = None,
        shared: Sequence[str] | None = None,
        allow_escalation: Sequence[str] = (),
        ttl: str | None = None,
        on_denied: str | None = None,
        hub_namespace: str | None = None,
        tenant_id: str | None = None,
        client_id: str | None = None,
        object_id: str | None = None,
        authority: str | None = None,
        legacy_impersonation: bool | None = None,
        **unknown: Any,
    ) -> None:
        super().__init__(
            mode=mode,
            namespaces=namespaces,
            cluster_scoped=cluster_scoped or None,
            custom=custom or None,
            service_accounts=service_accounts,
            shared=shared,
            allow_escalation=allow_escalation or None,
            ttl=ttl,
            on_denied=on_denied,
            hub_namespace=hub_namespace,
            tenant_id=tenant_id,
            client_id=client_id,
            object_id=object_id,
            authority=authority,
            legacy_impersonation=legacy_impersonation,
            **unknown,
        )
