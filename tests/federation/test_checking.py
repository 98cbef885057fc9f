"""Clocks of members, by the `Date` of their answers; and a member that does not answer."""

import re
import time
from collections.abc import Callable

import pytest
from pytest_httpserver import HTTPServer

from kubefleet.federation import make_mode
from kubefleet.federation.checking import check_member
from kubefleet.federation.member import FederatedMember
from kubefleet.federation.modes import Ground
from kubefleet.kube.connection import Connection

pytestmark = pytest.mark.fast


def member_by(connection: Connection) -> FederatedMember:
    """Where the declared access is what acts."""
    return FederatedMember("eu-1", connection, make_mode("exec", Ground(lambda _: connection, lambda _: "")))


@pytest.mark.parametrize(
    ("fast", "wrong"),
    [
        (0, ""),
        (55, ""),
        (-55, ""),
        (-300, r"(299|300|301) s ahead of this machine \(expected at most 60 s\)"),
        (65, r"6[456] s behind this machine \(expected at most 60 s\)"),
    ],
)
def test_a_clock_that_differs_is_told(connection: Connection, api: HTTPServer, fast: int, wrong: str) -> None:
    """By so many seconds this machine is fast."""
    api.expect_request("/version").respond_with_json({})
    found = next(check_member(member_by(connection), (), now=lambda: time.time() + fast))
    assert (found.member, found.check, found.remedy) == ("eu-1", "clock", "clock")
    assert re.fullmatch(wrong, found.wrong)


def test_of_a_member_that_does_not_answer_nothing_else_is_told(
    connect_to: Callable[..., Connection],
) -> None:
    silent = HTTPServer()
    silent.start()
    silent.stop()
    connection = connect_to(silent, silence=1)
    found = list(check_member(member_by(connection), ()))
    assert [(finding.check, finding.remedy) for finding in found] == [("answers", "network")]
    assert "refused" in found[0].wrong
