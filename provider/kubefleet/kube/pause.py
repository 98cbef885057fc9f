"""Waiting between two looks at a cluster."""

from kubefleet.kube.errors import Cancelled
from kubefleet.kube.patience import Impatient, Patience


def pause(member: str, patience: Patience, seconds: float) -> bool:
    """Sleep; False when the patience's deadline has come. Raises Cancelled when the user cancels."""
    try:
        patience.sleep(seconds)
    except Impatient as impatient:
        if impatient.cancelled:
            raise Cancelled(member) from impatient
        return False
    return True
