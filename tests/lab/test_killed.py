import os
import signal
import threading
import time
from dataclasses import dataclass, field, replace

import pytest

from kubefleet.kube.connect import connect
from kubefleet.kube.inventory_store import read_inventory_object
from kubefleet.kube.member_apply import Wanted, complete, place, remove
from kubefleet.kube.object_access import find
from kubefleet.kube.object_ref import ref_of
from kubefleet.kube.patience import Patience
from kubefleet.kube.placement_identity import PlacementIdentity

pytestmark = pytest.mark.lab

WEB = PlacementIdentity("1a" * 8, "web", "prod", "shop")
KEEPER = PlacementIdentity("2b" * 8, "keeper", "prod", "shop")
WRITES = ("PATCH", "DELETE", "POST", "PUT")


def config(name: str, color: str) -> dict:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"color": color}}


OLD = Wanted("r1", (config("killed-a", "red"), config("killed-b", "red")))
NEW = Wanted("r2", (config("killed-b", "blue"), config("killed-c", "blue")))
ALL = [config(name, "") for name in ("killed-a", "killed-b", "killed-c")]


def patience() -> Patience:
    return Patience(15, time.monotonic() + 60)


def roll(connection, wanted: Wanted) -> None:
    place(connection, WEB, wanted, cluster_uid="c-1", wait=lambda _: None, patience=patience())
    complete(connection, WEB, wanted, patience=patience())


@dataclass
class Deadly:
    """A transport that kills its own process with SIGKILL right before (or after) its n-th write."""

    transport: object
    writes_left: int
    after: bool
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __getattr__(self, name: str):
        return getattr(self.transport, name)

    def send(self, ask, *args, **options):
        if ask.method not in WRITES:
            return self.transport.send(ask, *args, **options)
        with self.lock:  # objects of a wave are written at the same time
            self.writes_left -= 1
            left = self.writes_left
        if left == 0 and not self.after:
            os.kill(os.getpid(), signal.SIGKILL)
        answer = self.transport.send(ask, *args, **options)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer


def run_and_kill(access, work, writes: int, *, after: bool) -> bool:
    """Do `work` in a process of its own; True if it was killed, False if it ended before its n-th write."""
    child = os.fork()
    if child == 0:
        # A connection of its own: a TLS session that two processes share would break for both.
        fresh = connect("eu-1", access)
        try:
            work(replace(fresh, transport=Deadly(fresh.transport, writes, after)))
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@pytest.fixture(scope="module", autouse=True)
def kept(connection):
    """Keeps the namespace `pulumi-kubefleet`, whose termination takes seconds, over all tests."""
    kept = Wanted("r1", (config("killed-keeper", "red"),))
    place(connection, KEEPER, kept, cluster_uid="c-1", wait=lambda _: None, patience=patience())
    yield
    assert remove(connection, KEEPER, patience=patience()).done


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_write_of_a_rollout_the_next_one_ends_in_the_same_state(connection, access, after):
    for writes in range(1, 20):
        roll(connection, OLD)
        killed = run_and_kill(access, lambda doomed: roll(doomed, NEW), writes, after=after)
        roll(connection, NEW)
        record = read_inventory_object(connection, WEB.uid)
        assert record is not None
        assert (record.revision, record.completed) == ("r2", True)
        assert [ref.name for ref in record.objects] == ["killed-b", "killed-c"]
        found = [find(connection, ref_of(manifest)) for manifest in ALL]
        assert [live and live["data"]["color"] for live in found] == [None, "blue", "blue"]
        if not killed:
            assert writes > 5, "the record, two objects, one deletion and the record again are five writes"
            break
    else:
        pytest.fail("the rollout never ran to its end")
    assert remove(connection, WEB, patience=patience()).done


def first(doomed) -> None:
    roll(doomed, OLD)


def removal(doomed) -> None:
    remove(doomed, WEB, patience=patience())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("work", [first, removal])
def test_killed_at_any_write_of_a_first_rollout_or_of_a_removal_nothing_stays(connection, access, work, after):
    for writes in range(1, 20):
        if work is removal:
            roll(connection, OLD)
        killed = run_and_kill(access, work, writes, after=after)
        assert remove(connection, WEB, patience=patience()).done
        assert read_inventory_object(connection, WEB.uid) is None
        assert [find(connection, ref_of(manifest)) for manifest in ALL] == [None, None, None]
        if not killed:
            assert writes > 4, "two objects, the record and the namespace of the records are at least four writes"
            break
    else:
        pytest.fail("the work never ran to its end")
