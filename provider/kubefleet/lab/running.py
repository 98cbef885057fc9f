"""Labs that run, as seen from outside: what each says of itself, faults, and its end."""

import time
from dataclasses import asdict

from kubefleet.lab.cluster import READY_SECONDS
from kubefleet.lab.control import ask
from kubefleet.lab.failure import LabError, NotRunning
from kubefleet.lab.faults import AS_USUAL, Extent, Fault
from kubefleet.lab.folder import LabFolder, labs_folder
from kubefleet.lab.lock import Lock
from kubefleet.lab.status import LabStatus, parse_status

_ANSWER_SECONDS = 30
_STOP_SECONDS = 30
_POLL_SECONDS = 0.05


def status_of(folder: LabFolder) -> LabStatus | None:
    """The status of the lab in a folder, or None when none runs there.

    Raises:
        LabError: one runs and does not answer.
    """
    try:
        return parse_status(ask(folder.socket, {"do": "status"}, _ANSWER_SECONDS))
    except NotRunning:
        return None


def running_labs() -> tuple[LabStatus, ...]:
    """All labs that run in the folder of labs, by name."""
    folders = sorted(path for path in labs_folder().glob("*") if path.is_dir())
    return tuple(status for path in folders if (status := status_of(LabFolder(path))) is not None)


def stop(folder: LabFolder) -> bool:
    """End the lab in a folder, and wait until nothing of it runs; False when none did.

    What a lab that was killed has left in its folder goes as well.

    Raises:
        LabError: it did not end.
    """
    lock = Lock(folder.lock)
    try:
        ask(folder.socket, {"do": "down"}, _ANSWER_SECONDS)
    except NotRunning:
        if folder.path.is_dir() and lock.take():
            folder.clear()
            lock.give_up()
        return False
    deadline = time.monotonic() + _STOP_SECONDS
    while lock.is_held():
        if time.monotonic() > deadline:
            raise LabError(
                f"ending the lab in `{folder.path}` failed: it still runs after {_STOP_SECONDS} s (expected its end). "
                f"Look into `{folder.log}`."
            )
        time.sleep(_POLL_SECONDS)
    return True


def inflict_on(folder: LabFolder, fault: Fault, cluster: str, extent: Extent = AS_USUAL) -> None:
    """Do something to a cluster of the lab in a folder; returns when it is in effect.

    Raises:
        LabError: no such cluster, no lab runs there, or the fault cannot be done now.
    """
    order = {"do": "fault", "verb": fault.value, "cluster": cluster, "extent": asdict(extent)}
    ask(folder.socket, order, _ANSWER_SECONDS + READY_SECONDS)
