"""What a server says of whoever asks: who that is, and what they may do. Takes no right and writes nothing."""

from typing import Final

from kubefleet.kube.connection import Connection

_WHO: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_MAY: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def user_of(connection: Connection) -> str:
    """The user that the server takes the connection for. Raises ApiError 401 where it knows nobody, and as `Connection`
    does.
    """
    answer = connection.post(_WHO, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    return str(((answer.get("status") or {}).get("userInfo") or {}).get("username") or "")


def may(
    connection: Connection, verb: str, group: str, resource: str, namespace: str, name: str, subresource: str = ""
) -> bool:
    """Whether the server allows one request (the `ResourceAttributes` of an access review). Raises as `Connection`."""
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    review = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}}
    answer = connection.post(_MAY, {"apiVersion": "authorization.k8s.io/v1", **review})
    return (answer.get("status") or {}).get("allowed") is True
