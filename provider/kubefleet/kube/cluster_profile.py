"""Access to a member by its ClusterProfile on a hub (KEP-4322, KEP-5339): the profile says where the server is, a
plugin of ours who we are.

Only the address comes from the profile. Arguments and variables for the plugin that it may carry are left out: whoever
writes profiles would choose what runs on this machine.
"""

from collections.abc import Mapping
from typing import Any, Final

from kubefleet.kube.cluster_entry import Entry, endpoint_of, told_of
from kubefleet.kube.credential import Credential, CredentialSource
from kubefleet.kube.endpoint import Endpoint
from kubefleet.kube.exec_plugin import ExecPlugin, exec_source
from kubefleet.model.access import ClusterProfile

_LISTS: Final = ("accessProviders", "credentialProviders")
"""The second is what the first was called before."""


def read_cluster_profile(access: ClusterProfile, profile: Mapping[str, Any]) -> tuple[Endpoint, CredentialSource]:
    """Endpoint and credential source by a profile as the hub has it. Raises ValueError in one line: no such provider,
    or one that says too little.
    """
    where = f"ClusterProfile `{access.namespace}/{access.name}`"
    status = profile.get("status")
    status = status if isinstance(status, Mapping) else {}
    rows = [row for key in _LISTS for row in status.get(key) or () if isinstance(row, Mapping)]
    found = {str(row.get("name")): row.get("cluster") for row in reversed(rows)}
    if access.provider not in found:
        known = ", ".join(sorted(found)) or "none there"
        raise ValueError(f"no access provider `{access.provider}` in {where} (expected one of: {known})")
    cluster = found[access.provider]
    if not isinstance(cluster, Mapping) or not cluster.get("server"):
        raise ValueError(f"access provider `{access.provider}` in {where} names no server (expected `cluster.server`)")
    entry = Entry(f"access provider `{access.provider}` in {where}", cluster, None)
    plugin = ExecPlugin(access.command, access.args, access.env, cluster=told_of(entry))
    return endpoint_of(entry), exec_source(plugin, Credential())
