"""A member whose API server has no constrained impersonation, which is switched off here: what a join and an agent are
told, and that the old way works where it is allowed.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from lab_objects import until
from typer.testing import CliRunner

from kubefleet.cli.main import app
from kubefleet.federation import READER, make_mode, placement_role
from kubefleet.federation.constrained import has_constrained
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground
from kubefleet.federation.role import Role
from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.kube.errors import NoAccount
from kubefleet.kube.reviews import user_of
from kubefleet.lab import programs
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

AGENT = "system:serviceaccount:default:the-agent"
WEB = placement_role("00000000000000e3", "web")


@pytest.fixture
def old(fresh_lab: Callable[..., Lab], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """One member whose API server is started without the feature."""
    assets = tmp_path / "assets"
    assets.mkdir()
    for program in programs.ensure("kube").values():
        if program.name == "kube-apiserver":
            made = assets / program.name
            made.write_text(f'#!/bin/sh\nexec {program.path} "$@" --feature-gates=ConstrainedImpersonation=false\n')
            made.chmod(0o755)
        else:
            (assets / program.name).symlink_to(program.path)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    return fresh_lab(name="old", members=1)


def test_it_is_joined_in_the_old_way_or_not_at_all(old: Lab) -> None:
    admin = connect("eu-1", old.access("eu-1"))
    assert not has_constrained(admin)

    def join(*more: str) -> Result:
        where = ["--context", "eu-1", "--kubeconfig", str(old.kubeconfig), "--namespace", "shop"]
        return CliRunner().invoke(app, ["join", "eu-1", *where, "--mode", "impersonation", "--agent", AGENT, *more])

    before = names(admin)
    refused = join()
    assert refused.exit_code == 1
    assert refused.stderr.startswith("eu-1: it knows no constrained impersonation (KEP-5284: Kubernetes has it since")
    assert "Allow `legacy_impersonation`" in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert names(admin) == before

    agent = account(admin)
    with pytest.raises(NoAccount, match=r'may not act as the reader: .* cannot impersonate resource "users".*KEP-5284'):
        user_of(as_run_by(agent).reader())

    joined = join("--legacy-impersonation")
    assert joined.exit_code == 0, joined.output
    until(lambda: is_let(as_run_by(agent), READER))
    member = as_run_by(agent)
    member.provide(WEB)
    assert user_of(member.acting_as(WEB)) == "fleet:pulumi-kubefleet:fleet-00000000000000e3"
    assert not is_let(member, placement_role("00000000000000e4", "api"))
    member.retire(WEB)
    until(lambda: not is_let(as_run_by(agent), WEB))

    left = join("--leave")
    assert left.exit_code == 0, left.output
    assert not [name for name in names(admin) if "/fleet" in name]
    admin.close()


def names(admin: Connection) -> set[str]:
    """What a join writes, by its path."""
    rbac, admission = "/apis/rbac.authorization.k8s.io/v1", "/apis/admissionregistration.k8s.io/v1"
    paths = [f"{rbac}/{kind}" for kind in ("clusterroles", "clusterrolebindings", "roles", "rolebindings")]
    paths += [f"{admission}/validatingadmissionpolicies", f"{admission}/validatingadmissionpolicybindings"]
    return {
        f"{path}/{item['metadata']['name']}" for path in [*paths, "/api/v1/namespaces"] for item in admin.list(path)
    }


def account(admin: Connection) -> Connection:
    """The agent, without any right."""
    admin.post("/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "the-agent"}})
    mode = make_mode("service-account-token", Ground(lambda _: admin, lambda _: "", namespace="default"))
    return admin.acting_with(mode.source("eu-1", Role("the-agent", "the agent")))


def as_run_by(agent: Connection) -> FederatedMember:
    mode = make_mode("impersonation", Ground(lambda _: agent, lambda _: ""))
    return FederatedMember("eu-1", agent, mode)


def is_let(member: FederatedMember, role: Role) -> bool:
    try:
        return user_of(member.acting_as(role)) == member.mode.user(role)
    except NoAccount:
        return False
