"""Under which identities a fleet acts."""

from collections.abc import Sequence
from typing import Any

from pulumi_kubefleet._record import Record


class IdentityFederation(Record):
    """A fleet acts at its members under short-lived identities that may do exactly what its placements need.

    Args:
        mode: where members' trust comes from: `service-account-token`; `auto` chooses.
        namespaces: where placements may have objects. What a manifest has elsewhere fails the preview.
        cluster_scoped: resources without a namespace that they may have, as kubectl spells them.
        custom: namespaced resources that they may have beside Kubernetes' own workloads and what belongs to these.
        service_accounts: accounts that pods may run as, beside the placement's own.
        shared: what pods may name beside the placement's own, e.g. `configmaps/ca`.
        allow_escalation: names of roles that placements may write and bind.
        ttl: how long a token lives, from `10m` to `1h`.

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
            **unknown,
        )
