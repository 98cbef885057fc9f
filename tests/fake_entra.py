"""A token endpoint that answers as Entra's does: it verifies the hub's token against its table of federated
credentials, and issues tokens that an API server can verify.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class Federated:
    """One row of an application's federated credentials."""

    issuer: str
    subject: str
    audience: str = "api://AzureADTokenExchange"


@dataclass
class FakeEntra:
    """Serves one tenant with one application. `keys_of` gives the keys of an issuer (a JWKS, as JSON). `down` answers
    503 so many times. `posts` counts what was asked for.
    """

    server: HTTPServer
    keys_of: Callable[[str], str]
    tenant: str = "11111111-1111-1111-1111-111111111111"
    client: str = "22222222-2222-2222-2222-222222222222"
    object_id: str = "33333333-3333-3333-3333-333333333333"
    table: list[Federated] = field(default_factory=list)
    posts: int = 0
    down: int = 0
    life: int = 3600

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.server.expect_request(f"/{self.tenant}/oauth2/v2.0/token", method="POST").respond_with_handler(self._token)
        public = json.loads(RSAAlgorithm.to_jwk(self._key.public_key()))
        jwks = {"keys": [{**public, "kid": "k", "use": "sig", "alg": "RS256"}]}
        self.server.expect_request(f"/{self.tenant}/v2.0/.well-known/openid-configuration").respond_with_json(
            {
                "issuer": self.issuer,
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["pairwise"],
                "response_types_supported": ["id_token"],
            }
        )
        self.server.expect_request(f"/{self.tenant}/v2.0/keys").respond_with_json(jwks)

    @property
    def authority(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server.port}"

    @property
    def issuer(self) -> str:
        """What its tokens name."""
        return f"https://{self.authority}/{self.tenant}/v2.0"

    def trust(self, audience: str, certificate: str) -> dict[str, Any]:
        """What an API server must have in its AuthenticationConfiguration to know the tenant's users as AKS does."""
        return {
            "issuer": {"url": self.issuer, "audiences": [audience], "certificateAuthority": certificate},
            "claimMappings": {"username": {"expression": "claims.oid"}},
        }

    def _token(self, request: Request) -> Response:
        self.posts += 1
        if self.down > 0:
            self.down -= 1
            return Response("busy", 503, {"Retry-After": "0"})
        form = {key: values[0] for key, values in parse_qs(request.get_data(as_text=True)).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["client_assertion_type"] == _ASSERTION
        assert "client_secret" not in form
        if form["client_id"] != self.client:
            return _refused("unauthorized_client", "AADSTS700016: Application with identifier was not found.")
        if refusal := self._refusal(form["client_assertion"]):
            return _refused("invalid_client", refusal)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": form["scope"].removesuffix("/.default"),
            "iat": now,
            "nbf": now,
            "exp": now + self.life,
            "oid": self.object_id,
            "sub": self.object_id,
            "appid": self.client,
        }
        token = jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": "k"})
        body = {"token_type": "Bearer", "expires_in": self.life, "access_token": token}
        return Response(json.dumps(body), 200, {"Content-Type": "application/json"})

    def _refusal(self, assertion: str) -> str:
        """Why an assertion is refused, in Entra's words; empty where it is not."""
        unverified: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
        rows = [row for row in self.table if row.issuer == unverified["iss"]]
        if not rows:
            return "AADSTS700211: No matching federated identity record found for presented assertion issuer."
        if not (rows := [row for row in rows if row.subject == unverified["sub"]]):
            return "AADSTS700213: No matching federated identity record found for presented assertion subject."
        if not any(row.audience in unverified["aud"] for row in rows):
            return "AADSTS700212: No matching federated identity record found for presented assertion audience."
        try:
            keys = {key.key_id: key for key in jwt.PyJWKSet.from_json(self.keys_of(unverified["iss"])).keys}
            key = keys[jwt.get_unverified_header(assertion).get("kid")]
            jwt.decode(assertion, key, algorithms=[key.algorithm_name], audience=rows[0].audience)
        except (KeyError, jwt.PyJWTError):
            return "AADSTS50027: JWT token is invalid or malformed."
        return ""


def _refused(error: str, description: str) -> Response:
    body = {"error": error, "error_description": f"{description} Trace ID: 0 Timestamp: now", "error_codes": [1]}
    return Response(json.dumps(body), 400, {"Content-Type": "application/json"})
