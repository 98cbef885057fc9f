"""A member of the lab that a fleet has joined, its identities, and what a denial must look like."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from immutabledict import immutabledict
from lab_objects import until

from kubefleet.identity import Action, Rights, Rule
from kubefleet.identity.ceiling import Ceiling
from kubefleet.identity.federation import Federation
from kubefleet.identity.join import join_manifests
from kubefleet.identity.rights import actions_of
from kubefleet.identity.roles import role_manifests
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Fixed
from kubefleet.kube.errors import ApiError
from kubefleet.kube.kubeconfig import read_kubeconfig
from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.transport import Transport
from kubefleet.model.access import Kubeconfig

USERS = "fleet:system:serviceaccount:fleet:"
AGENT = f"{USERS}agent"
FEDERATION = Federation(USERS, f"{USERS}fleet-rbac", f"{USERS}fleet-reader", AGENT)
WEB, API, PROBE = f"{USERS}web", f"{USERS}api", f"{USERS}probe"
SHOP, OUTSIDE = "fence-shop", "fence-outside"
CEILING = Ceiling(
    namespaces=(SHOP,),
    cluster_scoped=("priorityclasses.scheduling.k8s.io",),
    shared=("secrets/registry", "configmaps/kube-root-ca.crt"),
)
RBAC = "rbac.authorization.k8s.io"
SECONDS = 15


def as_user(access: Kubeconfig, user: str) -> Connection:
    """The member as that user: the lab's admin impersonates it, which RBAC and admission cannot tell apart."""
    endpoint, source = read_kubeconfig(access)
    admin = source.current(Patience(SECONDS))
    credential = replace(admin, headers=(("Impersonate-User", user),))
    return Connection(access.context, Transport(access.context, endpoint, Fixed(credential)), Patience(SECONDS))


@dataclass(slots=True)
class JoinedMember:
    """The admin's connection and those of the fleet's identities; what tests apply goes at their end."""

    access: Kubeconfig
    admin: Connection
    made: list[Mapping[str, Any]] = field(default_factory=list)
    _known: dict[str, Connection] = field(default_factory=dict)

    def by(self, user: str) -> Connection:
        if user not in self._known:
            self._known[user] = as_user(self.access, user)
        return self._known[user]

    @property
    def t1(self) -> Connection:
        return self.by(FEDERATION.rbac_user)

    def apply(self, user: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
        self.made.append(manifest)
        return apply_body(self.by(user), manifest, manager="test", force=True)

    def apply_as_admin(self, *manifests: Mapping[str, Any]) -> None:
        for manifest in manifests:
            self.made.append(manifest)
            apply_body(self.admin, manifest, manager="test", force=True)

    def grant(self, user: str, rights: Rights) -> None:
        """As T1, and wait until the API server has heard of it."""
        for manifest in role_manifests(rights, user, FEDERATION):
            self.apply(FEDERATION.rbac_user, manifest)
        until(lambda: all(self.allows(user, action) for action in sorted(actions_of(rights))[::7]))

    def allows(self, user: str, action: Action) -> bool:
        """What the server's RBAC says of it."""
        names = ("verb", "group", "resource", "namespace", "name", "subresource")
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": {name: getattr(action, name) for name in names}},
        }
        answer = self.by(user).post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
        return bool(answer["status"]["allowed"])

    def denied(self, user: str, manifest: Mapping[str, Any], says: str, *, post: bool = False) -> None:
        """Applying it is refused with 403 Forbidden for this reason, and it is not there."""
        ref = ref_of(manifest)
        connection = self.by(user)

        def create() -> None:
            if post:
                path = connection.path_of(ref.api_version, ref.kind, ref.namespace)
                connection.post(path, manifest, fieldManager="test")
            else:
                self.apply(user, manifest)

        forbidden(create, says)
        assert find(self.admin, ref) is None

    def live(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        found = find(self.admin, ref_of(manifest))
        assert found is not None
        return found

    def close(self) -> None:
        for connection in (self.admin, *self._known.values()):
            connection.close()

    def clean(self) -> None:
        for manifest in reversed(self.made):
            delete_if_there(self.admin, ref_of(manifest))
        self.made.clear()


def forbidden(call: Callable[[], object], says: str) -> None:
    """It raises 403 Forbidden, and the server says so."""
    with pytest.raises(ApiError) as refused:
        call()
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden"), str(refused.value)
    assert says in refused.value.message, refused.value.message


@contextmanager
def joined(access: Kubeconfig, ceiling: Ceiling = CEILING) -> Iterator[JoinedMember]:
    """Join the member as its admin, wait until the policies are in force, and undo it at the end."""
    admin = connect(access.context, access)
    member = JoinedMember(access, admin)
    outside = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OUTSIDE}}
    manifests = (outside, *join_manifests(FEDERATION, ceiling), *probe_rights())
    none_is_going(admin, manifests)
    for manifest in manifests:
        apply_body(admin, manifest, manager="join", force=True)
    try:
        until(lambda: _in_force(member), 60)
        until(lambda: find(admin, ref_of(default_account())) is not None)
        yield member
    finally:
        member.clean()
        undo(admin, manifests)
        member.close()


def none_is_going(admin: Connection, manifests: Iterable[Mapping[str, Any]]) -> None:
    """A namespace that another test has deleted takes nothing new until it is gone."""
    refs = [ref_of(manifest) for manifest in manifests if manifest["kind"] == "Namespace"]
    for ref in refs:
        until(lambda ref=ref: not ((find(admin, ref) or {}).get("metadata") or {}).get("deletionTimestamp"), 60)


def undo(admin: Connection, manifests: Iterable[Mapping[str, Any]]) -> None:
    for manifest in reversed(tuple(manifests)):
        delete_if_there(admin, ref_of(manifest))
    end = time.monotonic() + 60
    for manifest in manifests:
        while manifest["kind"] == "Namespace" and find(admin, ref_of(manifest)) is not None:
            assert time.monotonic() < end
            time.sleep(0.2)


def _in_force(member: JoinedMember) -> bool:
    """Whether each policy refuses what it must (dry runs)."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "x",
            "namespace": SHOP,
            "annotations": {"kubernetes.io/service-account.name": "default"},
        },
        "type": "kubernetes.io/service-account-token",
    }
    plain = {"containers": [{"name": "a", "image": "a"}]}
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": {"name": "fence:no", "namespace": SHOP}}
    return all(
        _refused(member, user, manifest, policy)
        for user, manifest, policy in (
            (FEDERATION.rbac_user, role, "fleet-fence"),
            (PROBE, secret, "fleet-guard-tokens"),
            (PROBE, _template({**plain, "hostPID": True}), "fleet-guard"),
            (PROBE, _template({**plain, "serviceAccountName": "foreign"}), "fleet-guard-references"),
        )
    )


def _template(spec: Mapping[str, Any]) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "x"}}, "spec": spec}
    metadata = {"name": "x", "namespace": SHOP}
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": metadata, "template": template}


def _refused(member: JoinedMember, user: str, manifest: Mapping[str, Any], policy: str) -> bool:
    try:
        apply_body(member.by(user), manifest, manager="test", force=True, dry_run=True)
    except ApiError as error:
        return f"'{policy}'" in error.message
    return False


def probe_rights() -> tuple[dict[str, Any], ...]:
    """Rights without names, which T1 could not give, for a user that is no placement: what refuses it is a policy."""
    rule = Rule(("",), ("podtemplates", "secrets"), ("create", "patch"))
    return role_manifests(Rights(immutabledict({SHOP: (rule,)})), PROBE, FEDERATION)


def default_account() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": SHOP}}
