"""The hub, asked for what ClusterProfiles say of members, while the members themselves are asked."""

import threading
from collections.abc import Callable, Mapping
from typing import Final

from kubefleet.kube.connect import connect
from kubefleet.kube.fan_out import Outcome, fan_out
from kubefleet.kube.given_properties import Properties, read_profiles, unread_profiles
from kubefleet.model.access import Access

HUB: Final = "hub"
_GRACE: Final = 0.5
_Profiles = Mapping[str, Properties]


def ask_hub(access: Access, within: float) -> Callable[[str], Properties]:
    """Begins to ask. What is returned tells the properties of a member, by its name; it waits for the answer, at most
    `within` seconds from now, and never raises: of a hub that cannot be read every member has one flawed property.
    """
    asked: list[Outcome[_Profiles]] = []

    def ask() -> None:
        asked.extend(fan_out([access], lambda it: _read(it, within), within=within + _GRACE))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()

    def told(name: str) -> Properties:
        thread.join()
        if (error := asked[0].error) is not None:
            return unread_profiles(f"not read: {' '.join(str(error).split())[:200]}")
        return asked[0].get().get(name, Properties())

    return told


def _read(access: Access, within: float) -> _Profiles:
    connection = connect(HUB, access, answer_within=within)
    try:
        return read_profiles(connection)
    finally:
        connection.close()
