"""Member clusters as a program declares them."""

from collections.abc import Mapping
from typing import ClassVar, Literal

from immutabledict import immutabledict
from pydantic import Field, field_validator

from kubefleet.model.access import Access, ClusterProfile, ExecCredential, Kubeconfig
from kubefleet.model.member import Leave, Member
from kubefleet.model.property import Property, make_property
from kubefleet.spec.mistakes import Mistake, Spelling, join
from kubefleet.spec.node_pool import NodePoolSpec, names_once, node_pools_of
from kubefleet.spec.scalars import Labels, PropertyValue, Text
from kubefleet.spec.toleration import MemberTaintSpec, sorted_taints
from kubefleet.spec.written import Written, read


class ExecSpec(Written):
    """An exec plugin (`client.authentication.k8s.io/v1`). What it gets is not shown in messages."""

    secret: ClassVar[bool] = True

    command: Text
    args: list[str] = []
    env: dict[str, str] = {}


class ProfileSpec(Written):
    """A ClusterProfile on a hub, and which of its access providers is used."""

    secret: ClassVar[bool] = True

    name: Text
    provider: Text
    hub: "AccessSpec"
    namespace: Text = "default"


class AccessSpec(Written):
    """A kubeconfig's context, or a server with its CA and an exec plugin, or a ClusterProfile with an exec plugin.
    Never a token or a key.
    """

    secret: ClassVar[bool] = True

    context: Text | None = None
    path: str | None = None
    server: Text | None = None
    ca: Text | None = None
    exec: ExecSpec | None = None
    profile: ProfileSpec | None = None


class MemberSpec(Written):
    """One declared member."""

    labels: Labels = {}
    taints: list[MemberTaintSpec] = []
    properties: dict[Text, PropertyValue] = {}
    cordon: bool = False
    leave: Literal["clean_up", "keep"] = "clean_up"
    accept_new_uid: bool = False
    join: bool = False
    uid: Text | None = None
    authentication_config: Text | None = None
    access: AccessSpec | None = Field(default=None)
    node_pools: list[NodePoolSpec] = []

    _names_once = field_validator("node_pools")(names_once)


def parse_member(
    name: str, raw: Mapping[str, object], path: str, spelling: Spelling, mistakes: list[Mistake]
) -> Member | None:
    """A member from plain data, or None after adding everything that is wrong with it to `mistakes`."""
    spec = read(MemberSpec, raw, path, spelling, mistakes)
    if spec is None:
        return None
    before = len(mistakes)
    access = access_of(spec.access, join(path, "access"), mistakes) if spec.access else None
    if len(mistakes) > before:
        return None
    return Member(
        name,
        access,
        labels=immutabledict(sorted(spec.labels.items())),
        taints=sorted_taints(spec.taints),
        properties=properties_of(spec.properties),
        cordoned=spec.cordon,
        leave=Leave(spec.leave),
        accept_new_uid=spec.accept_new_uid,
        node_pools=node_pools_of(spec.node_pools),
        joins=spec.join,
        uid=spec.uid or "",
    )


def properties_of(written: Mapping[str, object]) -> immutabledict[str, Property]:
    """Properties that a user gave. Their kinds are checked already; a value that cannot be used is a flaw."""
    return immutabledict({name: make_property(written[name], "user", name) for name in sorted(written)})


def access_of(spec: AccessSpec, path: str, mistakes: list[Mistake]) -> Access | None:
    """How a cluster is reached, or None after adding what is wrong."""
    if spec.profile is not None:
        return _profile_of(spec, spec.profile, path, mistakes)
    if spec.server is None and spec.ca is None and spec.exec is None:
        if spec.context is None:
            mistakes.append(Mistake(path, "no way to reach the member (expected a context, or server, ca and exec)"))
            return None
        return Kubeconfig(spec.context, spec.path or "")
    if spec.context is not None or spec.path is not None:
        mistakes.append(Mistake(path, "a context beside a server (expected one of the two). Leave one out."))
        return None
    if spec.server is None or spec.ca is None or spec.exec is None:
        absent = [field for field in ("server", "ca", "exec") if getattr(spec, field) is None]
        mistakes.extend(Mistake(join(path, field), "missing field (expected beside a server)") for field in absent)
        return None
    env = tuple(sorted(spec.exec.env.items()))
    return ExecCredential(spec.server, spec.ca, spec.exec.command, tuple(spec.exec.args), env)


def _profile_of(spec: AccessSpec, profile: ProfileSpec, path: str, mistakes: list[Mistake]) -> ClusterProfile | None:
    beside = [field for field in ("context", "path", "server", "ca") if getattr(spec, field) is not None]
    mistakes.extend(Mistake(join(path, field), "a field beside a profile (expected `exec` alone).") for field in beside)
    hub = access_of(profile.hub, join(path, "profile", "hub"), mistakes)
    if isinstance(hub, ClusterProfile):
        mistakes.append(Mistake(join(path, "profile", "hub"), "a hub by a profile (expected a context, or a server)."))
        return None
    if spec.exec is None:
        mistakes.append(Mistake(join(path, "exec"), "missing field (expected the plugin that yields the credential)"))
        return None
    if hub is None:
        return None
    env = tuple(sorted(spec.exec.env.items()))
    command, args = spec.exec.command, tuple(spec.exec.args)
    return ClusterProfile(profile.name, profile.namespace, profile.provider, hub, command, args, env)
