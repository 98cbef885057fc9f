"""What a job has on its hub, on a real API server: its account, and the lease of whoever works on it."""

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from lab_objects import until

from kubefleet.dispatch.hub_account import Contended, HubAccount
from kubefleet.dispatch.hub_lease import Held, HubLease, LeaseLost, new_holder
from kubefleet.dispatch.hub_objects import hub_name
from kubefleet.dispatch.hub_work import HubWork
from kubefleet.jobs.account import Account, ShardState, planned
from kubefleet.jobs.indexes import MOST, NONE, Indexes
from kubefleet.jobs.record import JobRecord
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

SPACE, UID = "jobs-on-hub", "00000000000000aa"
MAPS = f"/api/v1/namespaces/{SPACE}/configmaps"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{SPACE}/leases/{hub_name(UID)}"
FIRST = JobRecord(Account(10), {"eu-1": 12.5}, {"us-1": 99.0}, {"phase": "reserved"})


@pytest.fixture(scope="module")
def space(connection: Connection) -> Iterator[None]:
    """Whoever comes first makes the namespace."""
    yield
    connection.delete(f"/api/v1/namespaces/{SPACE}")


@pytest.fixture
def hub(connection: Connection, space: None) -> Iterator[Connection]:
    yield connection
    HubAccount(connection, SPACE, UID, "last").delete()
    HubLease(connection, SPACE, UID, "last").delete()


def maps(hub: Connection) -> list[str]:
    return sorted(item["metadata"]["name"] for item in hub.list(MAPS) if item["metadata"]["name"] != "kube-root-ca.crt")


def test_an_account_is_written_by_one_process_at_a_time(hub: Connection) -> None:
    mine, other = HubAccount(hub, SPACE, UID, "me"), HubAccount(hub, SPACE, UID, "her", lambda: "process 7 on h")
    assert mine.read() is None
    assert other.read() is None
    written = mine.write(FIRST)
    assert written == replace(FIRST, writes=1)
    # Neither a second creation nor a write over what one has not read.
    with pytest.raises(Contended, match="process 7 on h has written the account"):
        other.write(FIRST)
    assert other.read() == written
    more = other.write(replace(written, account=replace(written.account, done=Indexes([3]))))
    assert more.writes == 2
    with pytest.raises(Contended, match="her has written"):
        mine.write(written)
    assert mine.read() == more
    mine.delete()
    with pytest.raises(Contended, match="has removed"):
        other.write(more)
    assert maps(hub) == []


def scattered() -> Account:
    """A million indexes over 100 clusters that are lost again and again with a random half of theirs done."""
    chance = random.Random(1)
    account = Account(MOST)
    for _ in range(5):
        holes = sorted(account.every - account.done)
        size = len(holes)
        parts = {f"cluster-{n:03}": Indexes(holes[n * size // 100 : (n + 1) * size // 100]) for n in range(100)}
        account = planned(account, {name: (indexes, 50) for name, indexes in parts.items()})
        shards = tuple(
            replace(
                shard,
                uid=f"{shard.generation:036}",
                state=ShardState.LOST,
                completed=Indexes(chance.sample(sorted(shard.indexes), len(shard.indexes) // 2)),
            )
            if shard.generation == account.generation
            else shard
            for shard in account.shards
        )
        done = account.done.union(*(shard.completed for shard in shards))
        account = replace(account, shards=shards, done=done)
    return account


def test_a_million_scattered_indexes_fit_and_what_is_not_named_any_more_goes(hub: Connection) -> None:
    mine = HubAccount(hub, SPACE, UID, "me")
    large = JobRecord(scattered())
    began = time.monotonic()
    written = mine.write(large)
    assert time.monotonic() - began < 60
    assert len(maps(hub)) == 4, "more than 2 MiB, in parts"
    other = HubAccount(hub, SPACE, UID, "her")
    assert other.read() == written
    # A writer died when it had put its parts, and before it named them.
    died = HubAccount(hub, SPACE, UID, "died")
    died._put_part(random.Random(2).randbytes(2000))
    again = other.write(replace(written, account=replace(written.account, done=NONE)))
    assert other.read() == again
    small = other.write(FIRST)
    assert len(maps(hub)) == 2, "the account, and what the dead one has left"
    assert HubAccount(hub, SPACE, UID, "me").read() == small
    other.delete()
    assert maps(hub) == []


def test_one_process_works_at_a_time_and_the_next_one_need_not_wait_for_one_that_has_ended(hub: Connection) -> None:
    with HubLease(hub, SPACE, UID, "h_1_a", seconds=3) as lease:
        lease.check()
        time.sleep(4)
        lease.check()  # it is renewed meanwhile
        began = time.monotonic()
        second = HubLease(hub, SPACE, UID, "h_2_b", seconds=3)
        with pytest.raises(Held, match="process 1 on h is at work on the job"):
            second.acquire()
        assert time.monotonic() - began < 3, "it says so as soon as it has seen that the other one is alive"
        assert second.other() == "process 1 on h"
        assert lease.other() == ""
    began = time.monotonic()
    with HubLease(hub, SPACE, UID, "h_2_b", seconds=3):
        assert time.monotonic() - began < 3
    assert "holderIdentity" not in hub.get(LEASE)["spec"]


def test_the_lease_of_a_process_that_was_killed_runs_out_whatever_its_clock_said(hub: Connection) -> None:
    HubLease(hub, SPACE, UID, "h_1_a", seconds=3).acquire()  # and never renewed
    far = {"spec": {"renewTime": "2099-01-01T00:00:00.000000Z"}}
    hub.patch(LEASE, far, "application/merge-patch+json")
    began = time.monotonic()
    with HubLease(hub, SPACE, UID, "h_2_b", seconds=3):
        assert 3 <= time.monotonic() - began < 60
        # The first one has only slept.
        with pytest.raises(Held, match="process 2"):
            HubLease(hub, SPACE, UID, "h_1_a", seconds=3).acquire()


def test_of_many_at_once_one_gets_it(hub: Connection) -> None:
    got: list[str] = []
    done = threading.Event()

    def work() -> None:
        try:
            with HubLease(hub, SPACE, UID, new_holder(), seconds=3) as lease:
                got.append(lease.holder)
                done.wait(10)
        except Held as held:
            got.append(f"held by {held.holder}")

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(got) == 6)
    done.set()
    for thread in threads:
        thread.join()
    (winner,) = (name for name in got if not name.startswith("held"))
    assert got.count(f"held by {winner}") == 5


def test_who_cannot_renew_stops_before_another_may_begin(quickstart_lab: Lab, hub: Connection) -> None:
    mine = connect("hub", quickstart_lab.access("eu-1"), answer_within=1)

    def stopped() -> bool:
        try:
            lease.check()
        except LeaseLost as error:
            return "could not be renewed" in str(error)
        return False

    try:
        with HubLease(mine, SPACE, UID, "h_1_a", seconds=3) as lease:
            time.sleep(3)
            assert not stopped()
            quickstart_lab.cut("eu-1")
            began = time.monotonic()
            until(stopped, 3)
            assert time.monotonic() - began < 3
    finally:
        quickstart_lab.heal("eu-1")
        mine.close()


def test_what_one_process_has_kept_the_next_one_goes_on_with(hub: Connection) -> None:
    mine = JobRecord(planned(Account(10), {"eu-1": (Indexes(range(10)), 2)}))
    with HubWork(hub, SPACE, UID, seconds=3) as first:
        assert first.load(None) is None
        first.begin(mine)
        first.leased = lambda: {"eu-1": 7.0}
        first.store(replace(mine.account, done=Indexes([4])))
        with pytest.raises(Held), HubWork(hub, SPACE, UID, seconds=3):
            pass
    # Pulumi's state is older: nothing of what happened since is lost, and nothing is written for knowing it.
    with HubWork(hub, SPACE, UID, seconds=3) as second:
        known = second.load(replace(mine, account=replace(mine.account, done=Indexes([5]))))
        assert known is not None
        assert (set(known.account.done), known.leased, known.writes) == ({4, 5}, {"eu-1": 7.0}, 2)
        second.begin(known)
        second.leased = lambda: {"eu-1": 7.0}
        kept = second.keep(replace(known, silent={"eu-1": 3}))
        assert kept.writes == 4
        assert second.keep(replace(known, silent={"eu-1": 3})) == kept
        second.remove()
    assert maps(hub) == []
