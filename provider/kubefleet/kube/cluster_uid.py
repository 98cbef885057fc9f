"""Which cluster this really is: the uid of its kube-system namespace."""

from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import ApiError


def cluster_uid(connection: Connection) -> str:
    """Asked without discovery: whoever reads that may be waiting for the token that needs the uid. Empty where there is
    no such namespace. Raises as `Connection` does.
    """
    try:
        found = connection.get("/api/v1/namespaces/kube-system")
    except ApiError as error:
        if error.status != 404:
            raise
        return ""
    return str((found.get("metadata") or {}).get("uid") or "")
