"""`kubefleet identity bump` on a file of an AuthenticationConfiguration."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kubefleet.cli.main import app
from kubefleet.identity.trust import TrustedHub, trusting

pytestmark = pytest.mark.fast

HUB = TrustedHub("https://hub.test", "https://127.0.0.1:1/.well-known/openid-configuration", "PEM", "c-1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "authentication.yaml"
    made.write_text(json.dumps(trusting(None, HUB, own_issuers=())))
    made.chmod(0o600)
    return made


def test_it_revokes_a_token_and_keeps_the_files_mode(file: Path) -> None:
    done = CliRunner().invoke(app, ["identity", "bump", str(file), "--issuer", HUB.issuer, "--deny", "some-id"])
    assert done.exit_code == 0
    assert done.stdout == "`https://hub.test`: its keys are read anew within 20 s; denied: some-id\n"
    assert '"some-id"' in json.loads(file.read_text())["jwt"][0]["claimValidationRules"][-1]["expression"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert [item.name for item in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize(
    ("name", "issuer", "told"),
    [
        ("authentication.yaml", "https://x", "no entry of `https://x` (expected one of: https://hub.test)"),
        ("absent.yaml", "https://x", "No such file or directory"),
    ],
)
def test_what_it_cannot_do_it_says_in_one_line(file: Path, name: str, issuer: str, told: str) -> None:
    done = CliRunner().invoke(app, ["identity", "bump", str(file.with_name(name)), "--issuer", issuer])
    assert done.exit_code == 1
    assert told in done.output
    assert done.output.count("\n") == 1
