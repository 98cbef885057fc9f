import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lab_objects import until

from kubefleet.kube import connect
from kubefleet.lab._session import session_members
from kubefleet.lab.failure import LabError
from kubefleet.lab.lab import Lab
from kubefleet.lab.launch import launch
from kubefleet.lab.lock import Lock
from kubefleet.lab.spec import LabClusterSpec, LabSpec
from kubefleet.lab.status import LabStatus

pytestmark = pytest.mark.lab

PROGRAMS = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"]
GIB = 2**20


def one(folder: Path) -> Lab:
    """A lab of one member, `eu-1`."""
    return Lab(members=1, name="one", folder=folder)


def bare(folder: Path) -> Lab:
    """A lab `one` that is only an API server, `eu-1`: it starts sooner."""
    cluster = LabClusterSpec(name="eu-1", controllers=[], plays=[])
    return Lab(LabSpec(name="one", clusters=[cluster]), folder=folder)


def running(lab: Lab) -> LabStatus:
    status = lab.status()
    assert status is not None
    return status


def kept_memory(pids: tuple[int, ...]) -> int:
    """What the processes keep in memory, in KiB; what they share counts once."""
    rollups = (Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() for pid in pids)
    return sum(int(line.split()[1]) for lines in rollups for line in lines if line.startswith("Pss:"))


@pytest.fixture(scope="module")
def detached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, list[bool]]]:
    """A lab that two started at once, and whether each of them was the one."""
    folder = tmp_path_factory.mktemp("detached")
    labs = [bare(folder), bare(folder)]
    with ThreadPoolExecutor() as both:
        started = list(both.map(Lab.up, labs))
    yield labs[started.index(True)], started
    labs[started.index(True)].down()


def test_the_quick_starts_clusters_are_ready_with_everything_that_runs_a_cluster(quickstart_lab: Lab) -> None:
    status = running(quickstart_lab)
    assert [(cluster.name, cluster.ready, cluster.faults) for cluster in status.clusters] == [
        ("eu-1", True, ()),
        ("eu-2", True, ()),
        ("us-1", True, ()),
    ]
    for cluster in status.clusters:
        assert [process.name for process in cluster.processes] == PROGRAMS
        connection = connect(cluster.name, quickstart_lab.access(cluster.name))
        nodes = list(connection.list("/api/v1/nodes"))
        connection.close()
        assert len(nodes) == cluster.nodes
        assert {node["metadata"]["labels"]["topology.kubernetes.io/region"] for node in nodes} == {cluster.name[:2]}


def test_the_quick_start_takes_less_than_four_gib(quickstart_lab: Lab) -> None:
    assert kept_memory(session_members(running(quickstart_lab).pid)) < 4 * GIB


def test_only_its_owner_can_read_what_a_lab_keeps(quickstart_lab: Lab) -> None:
    assert quickstart_lab.folder.path.stat().st_mode & 0o777 == 0o700
    private = [quickstart_lab.kubeconfig, *quickstart_lab.folder.path.rglob("*.key")]
    private += quickstart_lab.folder.path.rglob("*.kubeconfig")
    assert len(private) > 20
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}


def test_of_two_that_start_a_lab_at_once_one_does_and_the_other_finds_it(detached: tuple[Lab, list[bool]]) -> None:
    assert sorted(detached[1]) == [False, True]


def test_a_second_up_finds_the_first(detached: tuple[Lab, list[bool]]) -> None:
    lab, _ = detached
    before = running(lab)
    second = bare(lab.folder.path.parent)
    assert not second.up()
    assert second.status() == before


def test_who_finds_a_lab_leaves_no_supervisor_that_waits_for_its_end(tmp_path: Path) -> None:
    lab = bare(tmp_path)
    lab.up()
    assert not bare(tmp_path).up()
    assert lab.down()
    time.sleep(3)  # longer than a supervisor takes to begin
    assert lab.status() is None
    assert not Lock(lab.folder.lock).is_held()


def test_a_lab_whose_folder_is_removed_ends(tmp_path: Path) -> None:
    lab = bare(tmp_path)
    lab.up()
    pid = running(lab).pid
    shutil.rmtree(lab.folder.path)
    until(lambda: not session_members(pid), 10)


def test_a_block_leaves_a_lab_that_ran_before_it(detached: tuple[Lab, list[bool]]) -> None:
    lab, _ = detached
    with bare(lab.folder.path.parent) as found:
        assert found.status() == running(lab)
    assert running(lab).phase == "ready"


def test_a_lab_that_runs_with_other_clusters_is_said_so_and_left(detached: tuple[Lab, list[bool]]) -> None:
    lab, _ = detached
    with pytest.raises(LabError, match=r"it runs already with eu-1 \(expected eu-1, eu-2\)"):
        Lab(members=2, name="one", folder=lab.folder.path.parent).up()
    assert running(lab).phase == "ready"


def test_killing_the_supervisor_leaves_no_process_and_down_leaves_no_key(tmp_path: Path) -> None:
    lab = one(tmp_path)
    lab.up()
    pid = running(lab).pid
    assert len(session_members(pid)) == 1 + len(PROGRAMS)
    lab.hang("eu-1")  # a stopped process must go as well
    os.kill(pid, signal.SIGKILL)
    until(lambda: not session_members(pid), 5)
    assert lab.status() is None
    assert not lab.down()
    assert not lab.kubeconfig.exists()
    assert not list(tmp_path.rglob("*.key"))


def test_killing_the_parent_of_a_tied_lab_leaves_no_process(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from kubefleet.lab.lab import Lab\n"
        f"with Lab(members=1, name='one', folder=Path({str(tmp_path)!r})) as lab:\n"
        "    print(lab.status().pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert len(session_members(pid)) == 1 + len(PROGRAMS)
        parent.kill()
    until(lambda: not session_members(pid), 10)
    assert one(tmp_path).status() is None


def test_an_interrupted_start_leaves_no_process(tmp_path: Path) -> None:
    lab = one(tmp_path)
    # A shell starts what it runs in the background with interrupts ignored, and so would everything below it.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from pathlib import Path; from kubefleet.lab.lab import Lab\n"
        f"Lab(members=1, name='one', folder=Path({str(tmp_path)!r})).up()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL) as parent:
        status = until(lab.status)
        assert status.phase == "starting"
        parent.send_signal(signal.SIGINT)
    assert parent.returncode != 0
    assert session_members(status.pid) == ()
    assert not Lock(lab.folder.lock).is_held()


def test_a_program_that_ends_at_once_is_named_and_nothing_stays(tmp_path: Path) -> None:
    lab = one(tmp_path)
    broken = {name: Path("/bin/false") for name in PROGRAMS}
    with pytest.raises(
        LabError, match=r"starting `eu-1` failed: (etcd|kube-apiserver) ended \(expected it to run\)\. Look into"
    ):
        launch(lab.folder, lab.name, lab.spec, broken, tied=False)
    assert not Lock(lab.folder.lock).is_held()
    assert lab.status() is None


def test_a_lab_that_does_not_run_says_so(tmp_path: Path) -> None:
    lab = one(tmp_path)
    assert lab.status() is None
    assert not lab.down()
    with pytest.raises(LabError, match=r"no lab runs in `.*one`\. Start one with `kubefleet lab up`"):
        lab.hang("eu-1")
