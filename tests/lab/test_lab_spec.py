import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from kubefleet.lab.audit import count_events, read_events, writes_in
from kubefleet.lab.folder import LabFolder
from kubefleet.lab.lab import Lab
from kubefleet.lab.lock import Lock
from kubefleet.lab.nodes import node_objects
from kubefleet.lab.ports import Ports
from kubefleet.lab.spec import LabClusterSpec, LabSpec, load_spec, shipped_labs
from kubefleet.lab.supervisor import Supervisor
from kubefleet.spec.mistakes import MistakesError

pytestmark = pytest.mark.fast


def names(spec: LabSpec) -> list[str]:
    return [cluster.name for cluster in spec.clusters]


def event(**changes: object) -> dict[str, object]:
    return {
        "stage": "ResponseComplete",
        "verb": "create",
        "user": {"username": "ada"},
        "requestURI": "/api/v1/namespaces/a/pods",
        "objectRef": {"resource": "pods", "namespace": "a", "name": "b"},
        "responseStatus": {"code": 201},
        **changes,
    }


def test_the_shipped_labs_are_complete() -> None:
    assert shipped_labs() == ("gpu", "quickstart", "wide")
    assert names(load_spec("quickstart").sized()) == ["eu-1", "eu-2", "us-1"]
    assert names(load_spec("gpu").sized()) == ["h100", "a100", "cpu"]
    wide = load_spec("wide").sized()
    assert names(wide) == [f"m-{number}" for number in range(1, 21)]
    assert [cluster.labels["region"] for cluster in wide.clusters[:4]] == ["eu", "us", "eu", "us"]


def test_more_members_are_the_written_ones_again_under_the_next_names() -> None:
    assert names(load_spec("quickstart").sized(5)) == ["eu-1", "eu-2", "us-1", "eu-3", "eu-4"]
    assert names(load_spec("quickstart").sized(2)) == ["eu-1", "eu-2"]
    assert names(load_spec("gpu").sized(5)) == ["h100", "a100", "cpu", "h100-2", "a100-2"]


def test_a_hub_stands_in_front_and_is_no_member() -> None:
    spec = load_spec("quickstart").sized(1, hub=True)
    assert [(cluster.name, cluster.role) for cluster in spec.clusters] == [("hub", "hub"), ("eu-1", "member")]
    assert names(spec.sized(hub=True)) == ["hub", "eu-1"]


def test_a_member_cannot_be_called_as_the_hub() -> None:
    spec = LabSpec(name="own", clusters=[LabClusterSpec(name="hub")])
    with pytest.raises(MistakesError, match="a member is called `hub`"):
        spec.sized(hub=True)


@pytest.mark.parametrize("members", [0, 101])
def test_a_number_of_members_out_of_range_is_a_mistake(members: int) -> None:
    with pytest.raises(MistakesError, match=rf"bad number `{members}` \(expected 1 to 100\)"):
        Lab(members=members)


def test_nodes_carry_what_cloud_providers_set() -> None:
    (spec, *_) = load_spec("quickstart").clusters
    node = node_objects(spec)[2]
    assert node["metadata"]["name"] == "eu-1-1-0"
    assert node["metadata"]["labels"] == {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "eu-1-1-0",
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": "Standard_D8s_v5",
        "topology.kubernetes.io/region": "eu",
        "topology.kubernetes.io/zone": "eu-1b",
    }


def test_a_port_that_was_taken_is_free_for_its_server_only() -> None:
    mine, others = Ports(), Ports()
    (port,) = mine.take(1)
    assert port not in others.take(500)
    with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
        stranger.bind(("127.0.0.1", port))
    for _ in ("started", "started again"):
        with socket.create_server(("127.0.0.1", port)) as server:  # it asks for reuse, as the lab's programs do
            assert server.getsockname()[1] == port


def test_a_lab_holds_its_ports_from_when_it_is_made(tmp_path: Path) -> None:
    programs = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
    lab = Supervisor("held", load_spec("quickstart"), LabFolder(tmp_path), dict.fromkeys(programs, Path("none")))
    ports = [urlsplit(cluster.server).port for cluster in lab._clusters.values()]
    assert len(ports) == 3
    for port in ports:
        with socket.socket() as stranger, pytest.raises(OSError, match="in use"):
            stranger.bind(("127.0.0.1", port))


def test_a_lock_has_one_holder_and_goes_with_it(tmp_path: Path) -> None:
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert not first.is_held()
    assert first.take()
    assert second.is_held()
    assert not second.take()
    first.give_up()
    assert not second.is_held()
    assert second.take()
    second.give_up()


def test_events_are_read_from_a_number_on_and_an_unfinished_one_is_left(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    lines = "".join(json.dumps({"number": number}) + "\n" for number in range(3))
    log.write_text(lines + '{"number": ')
    assert [item["number"] for item in read_events(log, 1)] == [1, 2]
    assert count_events(log) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"verb": "get"},
        {"stage": "RequestReceived"},
        {"requestURI": "/api/v1/namespaces/a/pods?dryRun=All"},
        {"verb": "delete", "requestObject": {"kind": "DeleteOptions", "dryRun": ["All"]}},
        {"objectRef": {"resource": "subjectaccessreviews"}},
        {"objectRef": {"resource": "serviceaccounts", "subresource": "token", "name": "default"}},
        {"user": {"username": "system:kwok"}},
        {"user": {"username": "system:serviceaccount:kube-system:job-controller"}},
    ],
)
def test_what_changes_nothing_or_is_the_clusters_own_is_no_write(changes: dict[str, object]) -> None:
    assert writes_in([event(**changes)]) == ()


@pytest.mark.parametrize("user", ["ada", "system:serviceaccount:a:deployer", "system:admin"])
def test_what_a_user_changes_is_a_write(user: str) -> None:
    (write,) = writes_in([event(user={"username": user})])
    assert (write.user, write.verb, write.resource, write.namespace, write.name, write.code) == (
        user,
        "create",
        "pods",
        "a",
        "b",
        201,
    )
