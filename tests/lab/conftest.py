"""One member of the session's lab, reached as the product reaches it."""

import time
from collections.abc import Callable, Iterator

import pytest
from joined_member import JoinedMember, joined

from kubefleet.kube.connect import connect
from kubefleet.kube.connection import Connection
from kubefleet.lab.credentials import ADMIN
from kubefleet.lab.lab import Lab
from kubefleet.model.access import Kubeconfig

MEMBER = "eu-1"
# An API server may answer a little before it has written the request into its log.
LOG_SECONDS = 0.1


@pytest.fixture(scope="session")
def access(quickstart_lab: Lab) -> Kubeconfig:
    return quickstart_lab.access(MEMBER)


@pytest.fixture(scope="session")
def connection(access: Kubeconfig) -> Iterator[Connection]:
    connection = connect(MEMBER, access)
    yield connection
    connection.close()


@pytest.fixture
def writes(quickstart_lab: Lab) -> Callable[[], list[tuple[str, str, str]]]:
    """(verb, resource, name) of the admin's writes to the member since the test began."""
    time.sleep(LOG_SECONDS)
    since = quickstart_lab.audited(MEMBER)

    def read() -> list[tuple[str, str, str]]:
        time.sleep(LOG_SECONDS)
        found = quickstart_lab.writes(MEMBER, since)
        return [(write.verb, write.resource, write.name) for write in found if write.user == ADMIN]

    return read


@pytest.fixture(scope="module")
def joined_member(access: Kubeconfig) -> Iterator[JoinedMember]:
    """The member, joined to a fleet while the tests of one module run."""
    with joined(access) as member:
        yield member


@pytest.fixture
def member(joined_member: JoinedMember) -> Iterator[JoinedMember]:
    """The same, without what other tests have applied there."""
    yield joined_member
    joined_member.clean()
