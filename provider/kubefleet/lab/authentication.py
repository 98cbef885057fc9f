"""Who may talk to an API server without a client certificate."""

import json

HEALTH = ("/livez", "/readyz", "/healthz")
# A hub's issuer is looked up by members; RBAC still has to allow it.
DISCOVERY = ("/.well-known/openid-configuration", "/openid/v1/jwks")


def authentication_configuration(*, hub: bool) -> str:
    """An AuthenticationConfiguration (JSON): anonymous callers see health only, and at a hub its issuer's documents."""
    paths = (*HEALTH, *(DISCOVERY if hub else ()))
    return json.dumps(
        {
            "apiVersion": "apiserver.config.k8s.io/v1",
            "kind": "AuthenticationConfiguration",
            "anonymous": {"enabled": True, "conditions": [{"path": path} for path in paths]},
        },
        indent=2,
    )
