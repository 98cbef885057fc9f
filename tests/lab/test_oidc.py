"""Members that trust a hub's tokens: whom they let in, as whom, and whom not. The hub is a real one."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lab_objects import config_map, until

from kubefleet.identity.federation import Federation
from kubefleet.identity.rights import Rights, Rule
from kubefleet.identity.roles import role_manifests
from kubefleet.identity.trust import JTI, TrustedHub, audience_of, not_trusting, trusting
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.errors import ApiError
from kubefleet.kube.kubeconfig import read_kubeconfig
from kubefleet.kube.object_access import apply_body, delete_if_there, find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.transport import Transport
from kubefleet.lab.certificates import make_signing_key
from kubefleet.lab.folder import write_private
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

HUB, FIRST, SECOND = "hub", "eu-1", "eu-2"
ISSUER = "https://hub.fleet.test"
HERE = "fleet"
WEB = f"fleet:system:serviceaccount:{HERE}:web"
FEDERATION = Federation(f"fleet:system:serviceaccount:{HERE}:", "t1", "reader")
OBJECT = {**config_map("oidc", a="1"), "metadata": {"name": "oidc", "namespace": "default"}}
# How long until a changed file is in force, as the design promises it.
RELOADED = 15
ROTATED = 30


@dataclass(slots=True)
class Hub:
    """The hub, which issues tokens, and its key, which signs what the hub would never issue."""

    connection: Connection
    key: bytes = field(repr=False)
    accounts: Mapping[tuple[str, str], str]

    def token(self, *audiences: str, seconds: int = 900, namespace: str = HERE, account: str = "web") -> str:
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"audiences": list(audiences), "expirationSeconds": seconds},
        }
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        return str(self.connection.post(path, body)["status"]["token"])

    def signed(self, audience: str, *, age: int = 0, life: int = 900, key: Any = None, **claims: Any) -> str:
        """A token with the hub's claims, issued `age` seconds ago."""
        issued = int(time.time()) - age
        account = {"name": "web", "uid": self.accounts[HERE, "web"]}
        whole = {
            "iss": ISSUER,
            "aud": [audience],
            "sub": f"system:serviceaccount:{HERE}:web",
            "iat": issued,
            "nbf": issued,
            "exp": issued + life,
            "jti": "made-by-hand",
            "kubernetes.io": {"namespace": HERE, "serviceaccount": account},
            **claims,
        }
        headers = {"kid": jwt.get_unverified_header(self.token(audience))["kid"]}
        return jwt.encode(whole, key or self.key, algorithm="ES256", headers=headers)


@dataclass(slots=True)
class Member:
    """A member that trusts the hub."""

    lab: Lab
    name: str
    admin: Connection
    trust: TrustedHub

    @property
    def audience(self) -> str:
        return self.trust.audience

    def believe(self, config: Mapping[str, Any], says: str = "reloaded authentication config") -> float:
        """Write its file; the seconds until the API server says so in its log."""
        log = self.lab.folder.cluster(self.name).logs / "kube-apiserver.log"
        before, started = log.read_text().count(says), time.monotonic()
        write_private(self.lab.authentication(self.name), json.dumps(config))
        until(lambda: log.read_text().count(says) > before, RELOADED)
        return time.monotonic() - started

    @property
    def config(self) -> dict[str, Any]:
        return dict(json.loads(self.lab.authentication(self.name).read_text()))

    def by(self, token: str) -> Connection:
        endpoint, _ = read_kubeconfig(self.lab.access(self.name))
        source = Fixed(Credential().with_token(token))
        return Connection(self.name, Transport(self.name, endpoint, source), Patience(RELOADED))

    def who(self, token: str) -> dict[str, Any] | None:
        """What the member makes of a token, None when it lets nobody in by it."""
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        connection = self.by(token)
        try:
            answer = connection.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
            return dict(answer["status"]["userInfo"])
        except ApiError as error:
            if error.status == 401:
                return None
            raise
        finally:
            connection.close()

    def refuses(self, token: str, says: str = "") -> None:
        """An apply of what the account may write is 401 Unauthorized, for this reason, and the object is not there."""
        connection = self.by(token)
        try:
            with pytest.raises(ApiError) as refused:
                apply_body(connection, OBJECT, manager="test", force=True)
            assert (refused.value.status, refused.value.reason) == (401, "Unauthorized")
            assert says in refused.value.message
            assert token not in str(refused.value)
            assert find(self.admin, ref_of(OBJECT)) is None
        finally:
            delete_if_there(self.admin, ref_of(OBJECT))
            connection.close()


@pytest.fixture(scope="module")
def federated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Hub, Member, Member]]:
    with Lab("quickstart", name="oidc", folder=tmp_path_factory.mktemp("labs"), members=2, hub=True) as lab:
        hub = _hub(lab)
        members = [_member(lab, name, hub) for name in (FIRST, SECOND)]
        for member in members:
            token = hub.token(member.audience)
            until(lambda member=member, token=token: member.who(token), RELOADED)
        yield hub, *members
        for connection in (hub.connection, *(member.admin for member in members)):
            connection.close()


def _hub(lab: Lab) -> Hub:
    connection = connect(HUB, lab.access(HUB))
    uids = {}
    for namespace in (HERE, "elsewhere"):
        apply_body(
            connection,
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
            manager="t",
            force=True,
        )
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "web", "namespace": namespace}}
        uids[namespace, "web"] = apply_body(connection, account, manager="t", force=True)["metadata"]["uid"]
    group = "rbac.authorization.k8s.io"
    discovery = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "discovery"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:service-account-issuer-discovery"},
        "subjects": [{"apiGroup": group, "kind": "Group", "name": "system:unauthenticated"}],
    }
    apply_body(connection, discovery, manager="t", force=True)
    return Hub(connection, (lab.folder.cluster(HUB).pki / "service-accounts.key").read_bytes(), uids)


def _member(lab: Lab, name: str, hub: Hub) -> Member:
    admin = connect(name, lab.access(name))
    endpoint, _ = read_kubeconfig(lab.access(HUB))
    uid = admin.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    trust = TrustedHub(ISSUER, f"{endpoint.server}/.well-known/openid-configuration", endpoint.ca, uid)
    member = Member(lab, name, admin, trust)
    config = trusting(member.config, trust, own_issuers=[f"https://{name}.fleet.test"])
    write_private(lab.authentication(name), json.dumps(config))
    rule = Rule(("",), ("configmaps",), ("create", "get", "patch"), ("oidc",))
    for manifest in role_manifests(Rights({"default": (rule,)}), WEB, FEDERATION):
        apply_body(admin, manifest, manager="t", force=True)
    return member


@pytest.fixture
def hub(federated: tuple[Hub, Member, Member]) -> Hub:
    return federated[0]


@pytest.fixture
def member(federated: tuple[Hub, Member, Member]) -> Iterator[Member]:
    """The first of them, as it was joined; its file is put back."""
    found = federated[1]
    before = found.config
    yield found
    if found.config != before:
        found.believe(before)


@pytest.fixture
def second(federated: tuple[Hub, Member, Member]) -> Member:
    return federated[2]


def test_a_token_of_the_hub_is_known_by_name_groups_and_id(hub: Hub, member: Member):
    token = hub.token(member.audience)
    who = member.who(token)
    assert who is not None
    assert who["username"] == WEB == member.trust.username_prefix + "web"
    assert set(who["groups"]) == {"fleet:hub", f"fleet:ns:{HERE}", "system:authenticated"}
    assert who["uid"] == hub.accounts[HERE, "web"]
    assert who["extra"][JTI] == [jwt.decode(token, options={"verify_signature": False})["jti"]]


def test_it_may_do_what_its_role_says_and_nothing_else(hub: Hub, member: Member):
    connection = member.by(hub.token(member.audience))
    try:
        apply_body(connection, OBJECT, manager="test", force=True)
        other = {**OBJECT, "metadata": {"name": "other", "namespace": "default"}}
        with pytest.raises(ApiError) as refused:
            apply_body(connection, other, manager="test", force=True)
        assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
        assert f'User "{WEB}" cannot patch' in refused.value.message
        assert find(member.admin, ref_of(other)) is None
    finally:
        delete_if_there(member.admin, ref_of(OBJECT))
        connection.close()


def test_the_audit_log_has_who_it_was_and_the_id_of_the_token(hub: Hub, member: Member):
    since = member.lab.audited(FIRST)
    token = hub.token(member.audience)
    connection = member.by(token)
    try:
        apply_body(connection, OBJECT, manager="test", force=True)
    finally:
        delete_if_there(member.admin, ref_of(OBJECT))
        connection.close()
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    events = until(lambda: [event for event in member.lab.audit(FIRST, since) if event["user"]["username"] == WEB])
    assert all(event["user"]["extra"][JTI] == [jti] for event in events)


def test_a_token_for_one_member_is_worth_nothing_at_another(hub: Hub, member: Member, second: Member):
    token = hub.token(member.audience)
    assert member.who(token) is not None
    second.refuses(token, f"does not trust the issuer `{ISSUER}` with the audience `{member.audience}`, denies")
    second.refuses(hub.token(audience_of("somebody")))


def test_a_token_for_the_hub_is_worth_nothing_at_a_member(hub: Hub, member: Member):
    member.refuses(hub.token(ISSUER), f"with the audience `{ISSUER}`, or its account")


def test_a_token_for_a_member_is_worth_nothing_at_the_hub(hub: Hub, member: Member):
    endpoint, _ = read_kubeconfig(member.lab.access(HUB))
    source = Fixed(Credential().with_token(hub.token(member.audience)))
    connection = Connection(HUB, Transport(HUB, endpoint, source), Patience(RELOADED))
    with pytest.raises(ApiError) as refused:
        apply_body(connection, OBJECT, manager="test", force=True)
    connection.close()
    assert (refused.value.status, refused.value.reason) == (401, "Unauthorized")
    assert find(hub.connection, ref_of(OBJECT)) is None


def test_a_token_that_lives_too_long_is_refused(hub: Hub, member: Member):
    member.refuses(hub.token(member.audience, seconds=7200), "the token lives 7200 s (expected at most 3600 s)")
    assert member.who(hub.token(member.audience, seconds=3600)) is not None


def test_a_token_for_others_too_is_refused(hub: Hub, member: Member, second: Member):
    member.refuses(hub.token(member.audience, second.audience), "the token is for 2 audiences")
    member.refuses(hub.token(member.audience, ISSUER))


def test_an_account_of_another_namespace_is_refused(hub: Hub, member: Member):
    member.refuses(hub.token(member.audience, namespace="elsewhere"))


def test_a_token_that_was_tampered_with_is_refused(hub: Hub, member: Member):
    header, claims, signature = hub.token(member.audience).split(".")
    assert member.who(f"{header}.{claims}.{signature}") is not None
    member.refuses(f"{header}.{claims}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    content["sub"] = f"system:serviceaccount:{HERE}:fleet-rbac"
    forged = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    member.refuses(f"{header}.{forged}.{signature}")
    member.refuses(f"{header}.{claims}.")


def test_a_token_of_another_key_is_refused(hub: Hub, member: Member):
    assert member.who(hub.signed(member.audience)) is not None
    member.refuses(hub.signed(member.audience, key=ec.generate_private_key(ec.SECP256R1())))
    none = {"alg": "none", "typ": "JWT"}
    claims = hub.signed(member.audience).split(".")[1]
    member.refuses(f"{base64.urlsafe_b64encode(json.dumps(none).encode()).rstrip(b'=').decode()}.{claims}.")


def test_an_expired_token_is_refused_also_one_that_was_never_seen(hub: Hub, member: Member):
    member.refuses(hub.signed(member.audience, age=1000, jti="never-seen"), "the token has expired 10")
    seen = hub.signed(member.audience, age=897, jti="seen")
    assert member.who(seen) is not None
    # An API server remembers for up to 10 s whom it has let in.
    until(lambda: member.who(seen) is None, RELOADED)
    member.refuses(seen)


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "system:serviceaccount:elsewhere:web"},
        {"sub": "system:admin"},
        {"sub": f"system:serviceaccount:{HERE}x:web"},
        {"kubernetes.io": {"namespace": "elsewhere", "serviceaccount": {"name": "web", "uid": "u"}}},
        {"kubernetes.io": None},
        {"iat": None},
        {"jti": None},
        {"aud": []},
        {"iss": "https://other.fleet.test"},
    ],
    ids=str,
)
def test_claims_that_no_token_of_the_fleet_has_are_refused(hub: Hub, member: Member, claims):
    member.refuses(hub.signed(member.audience, **claims))


def test_a_denied_token_is_refused_within_15_s_and_others_are_not(hub: Hub, member: Member):
    token, other = hub.token(member.audience), hub.token(member.audience)
    assert member.who(token) is not None
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]
    denying = replace(member.trust, denied=(jti,))
    seconds = member.believe(trusting(member.config, denying, own_issuers=[]))
    until(lambda: member.who(token) is None, RELOADED - seconds)
    member.refuses(token)
    assert member.who(other) is not None


def test_leaving_ends_the_trust_and_nothing_else(hub: Hub, member: Member):
    token = hub.token(member.audience)
    assert member.who(token) is not None
    member.believe(not_trusting(member.config, ISSUER))
    until(lambda: member.who(token) is None, RELOADED)
    member.refuses(token)
    assert member.admin.get("/api/v1/namespaces/default")["metadata"]["name"] == "default"


def test_a_file_that_cannot_be_used_changes_nothing(hub: Hub, member: Member):
    """The API server keeps what it has: so a join that went wrong locks nobody out."""
    token = hub.token(member.audience)
    member.believe({"kind": "AuthenticationConfiguration"}, "failed to load authentication config")
    assert member.who(token) is not None
    own = replace(member.trust, issuer="https://eu-1.fleet.test")
    member.believe(trusting(None, own, own_issuers=[]), "failed to validate authentication config")
    assert member.who(token) is not None


def test_after_a_rotation_of_the_hubs_keys_a_bump_has_them_read_at_once(hub: Hub, member: Member, second: Member):
    """Else a member keeps the old ones for an hour, as the hub's answer lets it."""
    assert member.who(hub.token(member.audience)) is not None
    pki = member.lab.folder.cluster(HUB).pki
    member.lab.kill(HUB)
    hub.key = make_signing_key(pki).key.read_bytes()
    member.lab.restart(HUB)
    assert member.who(hub.token(member.audience)) is None
    started = time.monotonic()
    bumped = replace(member.trust, bump=1)
    member.believe(trusting(member.config, bumped, own_issuers=[]))
    until(lambda: member.who(hub.token(member.audience)), ROTATED - (time.monotonic() - started))
    second.refuses(hub.token(second.audience))
