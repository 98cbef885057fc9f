"""How a member cluster is reached. None of these holds a secret: they stand in the stack's state."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from pulumi_kubefleet._record import Record


class Kubeconfig(Record):
    """A context of a kubeconfig file.

    `path` absent means kubectl's own rules: `KUBECONFIG`, then `~/.kube/config`. Only the path and the context are
    kept in state, never what the file holds.
    """

    def __init__(self, context: pulumi.Input[str], *, path: pulumi.Input[str] | None = None, **unknown: Any) -> None:
        super().__init__(context=context, path=path, **unknown)


class ExecCredential(Record):
    """A server, its CA (PEM text) and an exec plugin that yields a credential when it is needed.

    The plugin speaks `client.authentication.k8s.io/v1`, as `kubelogin`, `aws eks get-token` and
    `gke-gcloud-auth-plugin` do. A secret that it needs it reads by itself, from its environment or a file: a secret
    Output in `args` or `env` is refused.
    """

    def __init__(
        self,
        *,
        server: pulumi.Input[str],
        ca: pulumi.Input[str],
        command: str,
        args: Sequence[pulumi.Input[str]] = (),
        env: Mapping[str, pulumi.Input[str]] | None = None,
        **unknown: Any,
    ) -> None:
        plugin = Record(command=command, args=args, env=env or None)
        super().__init__(server=server, ca=ca, exec=plugin, **unknown)


class ClusterProfile(Record):
    """A ClusterProfile on a hub (KEP-4322): one of its access providers (KEP-5339) says where the server is.

    The exec plugin is chosen here, and so are its arguments: those that the profile may suggest are left out.
    """

    def __init__(
        self,
        name: pulumi.Input[str],
        *,
        hub: Kubeconfig | ExecCredential,
        provider: str,
        command: str,
        namespace: str | None = None,
        args: Sequence[pulumi.Input[str]] = (),
        env: Mapping[str, pulumi.Input[str]] | None = None,
        **unknown: Any,
    ) -> None:
        profile = Record(name=name, hub=hub, provider=provider, namespace=namespace)
        plugin = Record(command=command, args=args, env=env or None)
        super().__init__(profile=profile, exec=plugin, **unknown)
