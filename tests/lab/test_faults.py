import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_objects import CONFIG_MAPS, DEPLOYMENTS, available, config_map, deployment, until

from kubefleet.kube import Connection, Unreachable, connect
from kubefleet.lab.failure import LabError
from kubefleet.lab.lab import Lab
from kubefleet.lab.status import ClusterStatus

pytestmark = pytest.mark.lab

MEMBER = "us-1"


def member(lab: Lab) -> ClusterStatus:
    status = lab.status()
    assert status is not None
    return next(cluster for cluster in status.clusters if cluster.name == MEMBER)


def patient(lab: Lab, seconds: float) -> Connection:
    return connect(MEMBER, lab.access(MEMBER), answer_within=seconds)


@pytest.fixture
def lab(quickstart_lab: Lab) -> Iterator[Lab]:
    """The session's lab, healed afterwards whatever the test has done."""
    yield quickstart_lab
    quickstart_lab.heal(MEMBER)
    if "API server down" in member(quickstart_lab).faults:
        quickstart_lab.restart(MEMBER)
    quickstart_lab.resume(MEMBER)
    assert member(quickstart_lab).faults == ()


@pytest.fixture
def connection(lab: Lab) -> Iterator[Connection]:
    """One that waits for one second, and has talked to the server before."""
    connection = patient(lab, 1)
    assert connection.get_text("/readyz") == "ok"
    yield connection
    connection.close()


def seconds_for(connection: Connection) -> float:
    begun = time.monotonic()
    connection.get("/version")
    return time.monotonic() - begun


def answer_of_a_request_sent_now(lab: Lab) -> tuple[threading.Thread, list[Any]]:
    """A request under way, and where its answer will be."""
    answers: list[Any] = []
    waiting = patient(lab, 20)

    def ask() -> None:
        answers.append(waiting.get("/version"))
        waiting.close()

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(0.5)
    return thread, answers


def check_nothing_is_answered_until(end: Callable[[str], None], lab: Lab, connection: Connection) -> None:
    thread, answers = answer_of_a_request_sent_now(lab)
    with pytest.raises(Unreachable, match="no answer"):
        connection.get("/version")
    assert answers == []
    end(MEMBER)
    thread.join(20)
    assert answers[0]["major"]


def test_a_hung_server_answers_nothing_until_it_continues(lab: Lab, connection: Connection) -> None:
    lab.hang(MEMBER)
    assert member(lab).faults == ("hung",)
    pid = next(process.pid for process in member(lab).processes if process.name == "kube-apiserver")
    # On a busy machine a thread that runs stops a little later.
    until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", seconds=5)
    check_nothing_is_answered_until(lab.resume, lab, connection)
    assert connection.get_text("/readyz") == "ok"


def test_a_killed_server_refuses_and_restarts_on_its_old_data(lab: Lab, connection: Connection) -> None:
    connection.post(CONFIG_MAPS, config_map("survivor", color="blue"))
    lab.kill(MEMBER)
    assert member(lab).faults == ("API server down",)
    begun = time.monotonic()
    with pytest.raises(Unreachable, match="refused"):
        connection.by(begun + 10).get("/version")
    assert time.monotonic() - begun < 0.5
    with pytest.raises(LabError, match=r"`hang` failed: the API server of `us-1` is down"):
        lab.hang(MEMBER)
    lab.restart(MEMBER)
    assert member(lab).faults == ()
    assert connection.get(f"{CONFIG_MAPS}/survivor")["data"] == {"color": "blue"}
    connection.delete(f"{CONFIG_MAPS}/survivor")


def test_controllers_and_played_nodes_go_on_after_a_restart(lab: Lab, connection: Connection) -> None:
    lab.restart(MEMBER)
    connection.post(DEPLOYMENTS, deployment("after-restart"))
    until(lambda: available(connection, "after-restart") == 2)
    connection.delete(f"{DEPLOYMENTS}/after-restart")


def test_a_delay_holds_up_each_direction_until_healed(lab: Lab, connection: Connection) -> None:
    lab.delay(MEMBER, 200)
    assert member(lab).faults == ("delay 200 ms",)
    assert 0.4 <= seconds_for(connection) < 0.8
    lab.heal(MEMBER)
    assert seconds_for(connection) < 0.3


def test_a_cut_breaks_what_is_open_and_what_is_new(lab: Lab, connection: Connection) -> None:
    stream = connection.stream(CONFIG_MAPS, silence=20, watch=True)
    next(stream)
    lab.cut(MEMBER)
    assert member(lab).faults == ("cut",)
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        for _ in stream:
            pass
    with pytest.raises(Unreachable):
        connection.by(time.monotonic() + 10).get("/version")
    assert time.monotonic() - begun < 5
    lab.heal(MEMBER)
    assert connection.get_text("/readyz") == "ok"


def test_a_blackhole_swallows_everything_until_healed(lab: Lab, connection: Connection) -> None:
    lab.blackhole(MEMBER)
    assert member(lab).faults == ("blackhole",)
    check_nothing_is_answered_until(lab.heal, lab, connection)


def test_an_unknown_cluster_is_said_so_with_those_that_are_there(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"no cluster of the lab `tests` is called `us-9` \(expected one of eu-1, eu-2"):
        lab.hang("us-9")
