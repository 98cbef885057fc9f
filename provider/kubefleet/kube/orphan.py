"""Leaving what a placement applied where it is, as nobody's of ours: `on_delete="orphan"`."""

from collections.abc import Mapping
from typing import Any

from kubefleet.kube.connection import Connection
from kubefleet.kube.followers import disown, release
from kubefleet.kube.object_ref import ObjectRef, ref_of
from kubefleet.kube.ownership import may_delete, owners
from kubefleet.kube.patience import Patience
from kubefleet.kube.prune import Left, Pruned, Tally, begin


def orphan(connection: Connection, refs: tuple[ObjectRef, ...], uid: str, patience: Patience) -> Pruned:
    """Take our annotations off these objects of the placement `uid`; their content stays. What other placements own too
    is left to these. What cannot be written is `stuck`. Raises as `prune` does.
    """
    tally = Tally()

    def leave(live: Mapping[str, Any]) -> bool:
        ref = ref_of(live)
        if not may_delete(live, uid):
            tally.left.append(Left(ref, "no longer ours: our owner annotation or field manager is gone"))
        elif len(owners(live)) > 1:
            release(connection, live, uid)
            tally.released.append(ref)
        else:
            disown(connection, live, uid)
            tally.left.append(Left(ref, "orphaned, as on_delete says"))
        return False

    for ref in refs:
        begin(connection, ref, tally, patience, leave)
    return tally.closed()
