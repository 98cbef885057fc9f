import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lab_objects import CONFIG_MAPS, DEPLOYMENTS, available, config_map, deployment, until

from kubefleet.kube import ApiError, Connection, Unreachable, connect
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
    assert time.monotonic() - begun < 5
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
    assert time.monotonic() - begun < 9
    lab.heal(MEMBER)
    assert connection.get_text("/readyz") == "ok"


def test_a_blackhole_swallows_everything_until_healed(lab: Lab, connection: Connection) -> None:
    lab.blackhole(MEMBER)
    assert member(lab).faults == ("blackhole",)
    check_nothing_is_answered_until(lab.heal, lab, connection)


def test_an_expired_certificate_is_served_until_healed(lab: Lab) -> None:
    lab.expire(MEMBER)
    assert member(lab).faults == ("certificate expired",)
    newcomer = patient(lab, 5)
    with pytest.raises(Unreachable, match="certificate has expired"):
        newcomer.get("/version")
    lab.heal(MEMBER)
    assert newcomer.get_text("/readyz") == "ok"
    newcomer.close()


def test_read_only_storage_gives_what_is_there_and_takes_nothing(lab: Lab, connection: Connection) -> None:
    connection.post(CONFIG_MAPS, config_map("before", color="blue"))
    lab.read_only(MEMBER)
    assert member(lab).faults == ("read-only",)
    assert connection.get(f"{CONFIG_MAPS}/before")["data"] == {"color": "blue"}
    with pytest.raises(ApiError, match="space exceeded"):
        connection.post(CONFIG_MAPS, config_map("meanwhile", color="red"))
    lab.heal(MEMBER)
    connection.delete(f"{CONFIG_MAPS}/before")


def test_a_webhook_refuses_workloads_and_nothing_else(lab: Lab, connection: Connection) -> None:
    lab.refuse(MEMBER)
    assert member(lab).faults == ("webhook refuses",)
    with pytest.raises(ApiError, match="refused by the lab"):
        connection.post(DEPLOYMENTS, deployment("unwanted"))
    connection.post(CONFIG_MAPS, config_map("harmless", color="blue"))
    lab.heal(MEMBER)
    connection.delete(f"{CONFIG_MAPS}/harmless")
    connection.post(DEPLOYMENTS, deployment("unwanted"))
    connection.delete(f"{DEPLOYMENTS}/unwanted")


def test_an_exhausted_quota_lets_no_pod_in(lab: Lab, connection: Connection) -> None:
    lab.exhaust(MEMBER)
    assert member(lab).faults == ("quota of default exhausted",)
    connection.post(DEPLOYMENTS, deployment("starved"))
    until(lambda: "exceeded quota" in str(connection.get(f"{DEPLOYMENTS}/starved")["status"].get("conditions")))
    assert available(connection, "starved") == 0
    lab.heal(MEMBER)
    connection.delete(f"{DEPLOYMENTS}/starved")


def test_a_node_that_is_not_ready_is_tainted_until_healed(lab: Lab, connection: Connection) -> None:
    def tainted() -> list[str]:
        return [
            node["metadata"]["name"]
            for node in connection.get("/api/v1/nodes")["items"]
            if any(taint["key"] == "node.kubernetes.io/not-ready" for taint in node["spec"].get("taints", ()))
        ]

    lab.not_ready(MEMBER, nodes=1)
    assert member(lab).faults == ("nodes not ready: 1",)
    until(lambda: tainted() == [f"{MEMBER}-0-0"])
    # It stays so: the played kubelet does not report it ready again.
    time.sleep(3)
    assert tainted() == [f"{MEMBER}-0-0"]
    lab.heal(MEMBER)
    until(lambda: tainted() == [])


def test_on_unschedulable_nodes_new_pods_stay_pending(lab: Lab, connection: Connection) -> None:
    lab.unschedulable(MEMBER)
    assert member(lab).faults == ("unschedulable",)
    connection.post(DEPLOYMENTS, deployment("waiting"))
    pods = "/api/v1/namespaces/default/pods"

    def unschedulable() -> bool:
        found = connection.get(pods)["items"]
        return len(found) == 2 and all("unschedulable" in str(pod["status"]) for pod in found)

    until(unschedulable)
    lab.heal(MEMBER)
    until(lambda: available(connection, "waiting") == 2)
    connection.delete(f"{DEPLOYMENTS}/waiting")
    until(lambda: connection.get(pods)["items"] == [])


@pytest.mark.parametrize(("seconds", "status"), [(0, None), (600, 401), (-7200, 401)])
def test_a_token_counts_only_by_a_clock_that_is_about_right(lab: Lab, seconds: int, status: int | None) -> None:
    connection = connect(MEMBER, lab.skew(MEMBER, seconds), answer_within=5)
    if status is None:
        assert connection.get(CONFIG_MAPS)["kind"] == "ConfigMapList"
    else:
        with pytest.raises(ApiError) as refused:
            connection.get(CONFIG_MAPS)
        assert refused.value.status == status
    connection.close()


def test_a_shared_etcd_is_not_made_read_only(fresh_lab: Callable[..., Lab]) -> None:
    shared = fresh_lab("wide", members=2)
    with pytest.raises(LabError, match="its etcd serves other clusters too"):
        shared.read_only(shared.spec.clusters[0].name)


def test_an_unknown_cluster_is_said_so_with_those_that_are_there(lab: Lab) -> None:
    with pytest.raises(LabError, match=r"no cluster of the lab `tests` is called `us-9` \(expected one of eu-1, eu-2"):
        lab.hang("us-9")
