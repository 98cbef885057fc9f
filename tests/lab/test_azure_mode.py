"""Entra tokens by workload identity federation: the real azure-identity against a token endpoint over verified TLS, and
an API server that trusts what it issues.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer

from fake_entra import FakeEntra, Federated
from https_server import Issued
from kubefleet.federation import make_mode, placement_role
from kubefleet.federation.modes import Ground
from kubefleet.federation.modes.azure import ASSERTION_AUDIENCE, FLEET
from kubefleet.identity.settings import EntraApp
from kubefleet.kube.claims import claims_of
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError
from kubefleet.kube.patience import Patience
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE = "fleet-azure"
WEB, SHOP = placement_role("00000000000000aa", "web"), placement_role("00000000000000bb", "shop")
SUBJECT = f"system:serviceaccount:{SPACE}:{FLEET.account}"
AKS = "6dae42f8-4368-4678-94ff-3960e28e3630"


@pytest.fixture(scope="module")
def hub(quickstart_lab: Lab) -> Iterator[Connection]:
    """A cluster whose accounts Entra knows."""
    hub = connect("hub", quickstart_lab.access("us-1"))
    hub.post("/api/v1/namespaces", {"metadata": {"name": SPACE}})
    hub.post(f"/api/v1/namespaces/{SPACE}/serviceaccounts", {"metadata": {"name": FLEET.account}})
    yield hub
    hub.delete(f"/api/v1/namespaces/{SPACE}")
    hub.close()


@pytest.fixture
def entra(api: HTTPServer, hub: Connection) -> FakeEntra:
    issuer = str(hub.get("/.well-known/openid-configuration")["issuer"])
    keys = hub.get_text("/openid/v1/jwks")
    made = FakeEntra(api, {issuer: keys}.__getitem__)
    made.table.append(Federated(issuer, SUBJECT))
    return made


@pytest.fixture
def app(entra: FakeEntra, issued: Issued, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EntraApp:
    """Where the tenant is, and whose certificate that has, is said as to every other tool of Azure's."""
    authority = tmp_path / "authority.pem"
    authority.write_text(issued.certificate)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", entra.authority)
    return EntraApp(entra.tenant, entra.client, entra.object_id)


@pytest.fixture
def ground(hub: Connection, app: EntraApp) -> Ground:
    def nobody(name: str) -> Any:
        raise AssertionError(name)

    return Ground(nobody, nobody, hub, SPACE, entra=app)


def value_of(ground: Ground, role: Any = WEB) -> str:
    credential = make_mode("azure", ground).source("aks-1", role).current(Patience(10))
    return dict(credential.headers)["Authorization"].removeprefix("Bearer ")


def test_a_token_of_the_hub_is_exchanged_for_one_of_entra(ground: Ground, entra: FakeEntra) -> None:
    claims = claims_of(value_of(ground))
    assert (claims["iss"], claims["aud"], claims["oid"]) == (entra.issuer, AKS, entra.object_id)


def test_members_and_placements_share_a_token_while_it_is_good(ground: Ground, entra: FakeEntra) -> None:
    mode = make_mode("azure", ground)
    at = (("aks-1", WEB), ("aks-2", SHOP))
    first, second = (mode.source(name, role).current(Patience(10)) for name, role in at)
    assert first.headers == second.headers
    assert entra.posts == 1


def test_a_token_that_a_member_has_refused_is_not_shown_again(ground: Ground, entra: FakeEntra) -> None:
    source = make_mode("azure", ground).source("aks-1", WEB)
    source.current(Patience(10))
    source.current(Patience(10), fresh=True)
    assert entra.posts == 2


def test_a_busy_entra_is_asked_again(ground: Ground, entra: FakeEntra) -> None:
    entra.down = 2
    assert claims_of(value_of(ground))["oid"] == entra.object_id
    assert entra.posts == 3


Change = Callable[[FakeEntra], None]


def _other(**fields: str) -> Change:
    def change(entra: FakeEntra) -> None:
        entra.table[:] = [replace(entra.table[0], **fields)]

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_other(issuer="https://elsewhere"), "AADSTS700211: no federated credential has this issuer"),
        (_other(subject="system:serviceaccount:x:y"), "AADSTS700213: no federated credential has this subject"),
        (_other(audience="api://other"), "AADSTS700212: no federated credential has this audience"),
        (lambda entra: setattr(entra, "client", "other"), "AADSTS700016: no such application in this tenant"),
        (lambda entra: setattr(entra, "keys_of", lambda _: '{"keys": []}'), "AADSTS50027"),
    ],
    ids=["issuer", "subject", "audience", "application", "keys"],
)
def test_what_entra_refuses_is_told_with_what_to_do(
    change: Change, told: str, ground: Ground, entra: FakeEntra
) -> None:
    change(entra)
    with pytest.raises(ValueError, match="no token for the fleet from Entra") as refused:
        value_of(ground)
    assert told in str(refused.value)
    assert "eyJ" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_the_programs_authority_counts_more_than_the_machines(
    ground: Ground, app: EntraApp, entra: FakeEntra, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "127.0.0.1:9")
    assert claims_of(value_of(replace(ground, entra=replace(app, authority=entra.authority))))["iss"] == entra.issuer


def test_an_entra_whose_certificate_does_not_verify_is_not_trusted(
    ground: Ground, entra: FakeEntra, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(ValueError, match=r"(?i)certificate") as refused:
        value_of(ground)
    assert "\n" not in str(refused.value)
    assert entra.posts == 0


def test_an_api_server_takes_it_that_trusts_the_tenant(
    ground: Ground, entra: FakeEntra, issued: Issued, quickstart_lab: Lab
) -> None:
    file = quickstart_lab.folder.cluster("eu-1").authentication
    before = file.read_text()
    trust = entra.trust(AKS, issued.certificate)
    member = connect("eu-1", quickstart_lab.access("eu-1"))
    acting = member.acting_with(make_mode("azure", ground).source("eu-1", WEB))
    try:
        with pytest.raises(ApiError, match="401"):
            who(acting)
        file.write_text(json.dumps({**json.loads(before), "jwt": [trust]}))
        assert who(acting, wait=90)["username"] == entra.object_id
    finally:
        file.write_text(before)
        member.close()


def who(connection: Connection, *, wait: float = 0) -> dict[str, Any]:
    """Whom the server sees; it reads its trust anew some seconds after that has changed."""
    deadline = time.monotonic() + wait
    while True:
        try:
            review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
            found = connection.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
            return dict(found["status"]["userInfo"])
        except ApiError as error:
            if error.status != 401 or time.monotonic() >= deadline:
                raise
            time.sleep(0.5)


def test_assertions_are_for_entra_alone(hub: Connection, ground: Ground) -> None:
    assertion = make_mode("azure", ground)._assertion()  # type: ignore[attr-defined]
    assert claims_of(assertion)["aud"] == [ASSERTION_AUDIENCE]
