"""The snapshot under the reader's identity is the admin's, and nothing of it is refused."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from joined_member import FEDERATION, JoinedMember

from kubefleet.kube import take_snapshot
from kubefleet.lab.folder import write_private
from kubefleet.lab.lab import Lab
from kubefleet.model.access import Kubeconfig
from kubefleet.model.cluster import ClusterState
from kubefleet.model.member import Member
from kubefleet.model.snapshot import Snapshot

pytestmark = pytest.mark.lab

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def snapshot(access: Kubeconfig) -> Snapshot:
    taken, connections = take_snapshot([Member("eu-1", access)], taken_at=NOW, deadline=15)
    for connection in connections.values():
        connection.close()
    return taken


def as_reader(access: Kubeconfig, path: Path) -> Kubeconfig:
    content = yaml.safe_load(Path(access.path).read_text())
    for entry in content["users"]:
        entry["user"]["as"] = FEDERATION.reader_user
    write_private(path, yaml.safe_dump(content))
    return replace(access, path=str(path))


def test_the_readers_snapshot_is_the_admins(
    quickstart_lab: Lab, joined_member: JoinedMember, access: Kubeconfig, tmp_path: Path
):
    reader = as_reader(access, tmp_path / "reader.kubeconfig")
    since = quickstart_lab.audited("eu-1")
    taken = snapshot(reader)
    assert [row.state for row in taken.clusters] == [ClusterState.READY]
    assert taken == snapshot(access)
    events = [
        event
        for event in quickstart_lab.audit("eu-1", since)
        if (event.get("impersonatedUser") or {}).get("username") == FEDERATION.reader_user
    ]
    assert events
    # Where a cluster has no autoscaler its ConfigMap is absent, not forbidden.
    assert {event["responseStatus"]["code"] for event in events} <= {200, 404}
    assert {event["verb"] for event in events} <= {"get", "list"}
