"""A job that goes while a member cannot be asked."""

import socket
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubefleet.jobs.account import Account
from kubefleet.jobs.record import JobRecord
from kubefleet.resources import _engine
from kubefleet.resources._job_removal import cancel_everywhere
from kubefleet.resources._job_task import as_outputs

pytestmark = pytest.mark.fast


@pytest.fixture
def props(tmp_path: Path) -> dict[str, Any]:
    """Of a job on one member, at whose address nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    file = tmp_path / "kubeconfig"
    cluster = {"name": "gone", "cluster": {"server": f"https://127.0.0.1:{port}"}}
    context = {"name": "gone", "context": {"cluster": "gone", "user": "gone"}}
    users = [{"name": "gone", "user": {"token": "t"}}]
    file.write_text(yaml.safe_dump({"clusters": [cluster], "contexts": [context], "users": users}))
    file.chmod(0o600)
    template = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "sweep", "namespace": "default"}}
    workload = {"kind": "Job", "namespace": "default", "name": "sweep", "pod": {}}
    return {
        "fleet": "shop",
        "job": "sweep",
        "members": {"gone": {"access": {"path": str(file), "context": "gone"}}},
        "declared": {"api": "batch/v1/Job", "total": 3, "revision": "a", "workloads": [workload]},
        "template": template,
        "plan": {"uid": "00000000000000aa", "revision": "a", "parts": {}},
        **as_outputs(JobRecord(Account(3))),
    }


def test_it_fails_in_one_line_that_says_what_to_do(props: dict[str, Any]) -> None:
    with pytest.raises(_engine.OneLine, match=r"shop/sweep is not cancelled: gone: .* or set KUBEFLEET_ABANDON=gone"):
        cancel_everywhere(props)


def test_who_is_given_up_is_listed_and_lets_it_pass(props: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setenv("KUBEFLEET_ABANDON", "other, gone")
    monkeypatch.setattr(_engine, "show", lambda line, **_: shown.append(line))
    cancel_everywhere(props)
    (line,) = shown
    assert line.startswith("gone: not cancelled there: connection to 127.0.0.1:")
