"""A service account's token by a clock that is wrong, signed with the cluster's own key."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt

from kubefleet.lab.api import Api, ApiError
from kubefleet.lab.kubeconfig import TokenContext, write_token_kubeconfig

LIFE = timedelta(hours=1)
ACCOUNT = "lab-skewed"
NAMESPACE = "kube-system"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_ACCOUNTS = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"


def write_skewed_kubeconfig(path: Path, api: Api, context: TokenContext, key: Path, seconds: int) -> None:
    """Write a kubeconfig for `ACCOUNT`, which may view, with a token that a clock has issued which is so many seconds
    fast (negative: slow). It lives `LIFE` and has the claims of a token that the API server gives itself.
    """
    _create(api, _ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}})
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ACCOUNT},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }
    _create(api, f"{_RBAC}/clusterrolebindings", binding)
    uid = api.get(f"{_ACCOUNTS}/{ACCOUNT}")["metadata"]["uid"]
    issuer = f"https://{context.name}.fleet.test"
    issued = datetime.now(UTC) + timedelta(seconds=seconds)
    claims = {
        "iss": issuer,
        "aud": [issuer],
        "sub": f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}",
        "iat": issued,
        "nbf": issued,
        "exp": issued + LIFE,
        "kubernetes.io": {"namespace": NAMESPACE, "serviceaccount": {"name": ACCOUNT, "uid": uid}},
    }
    write_token_kubeconfig(path, context, jwt.encode(claims, key.read_bytes(), algorithm="ES256"))


def _create(api: Api, path: str, item: object) -> None:
    """Make it, unless it is there."""
    try:
        api.create(path, item)
    except ApiError as error:
        if error.status != 409:
            raise
