import base64
import time
from collections.abc import Callable, Iterator

import pytest
import yaml
from lab_objects import CONFIG_MAPS, DEPLOYMENTS, FOREGROUND, available, config_map, deployment, gone, until

from kubefleet.kube import Connection, Patience, connect
from kubefleet.kube.credential import Credential, Fixed
from kubefleet.kube.endpoint import make_endpoint
from kubefleet.kube.transport import Transport
from kubefleet.lab.lab import Lab

pytestmark = pytest.mark.lab

MEMBER = "eu-2"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
DRY = {"dryRun": "All"}


@pytest.fixture(scope="module")
def connection(quickstart_lab: Lab) -> Iterator[Connection]:
    connection = connect(MEMBER, quickstart_lab.access(MEMBER))
    yield connection
    connection.close()


@pytest.fixture
def since(quickstart_lab: Lab) -> int:
    time.sleep(0.1)
    return quickstart_lab.audited(MEMBER)


@pytest.fixture
def written(quickstart_lab: Lab, since: int) -> Callable[[], list[tuple[str, ...]]]:
    def read() -> list[tuple[str, ...]]:
        time.sleep(0.1)
        found = quickstart_lab.writes(MEMBER, since)
        return [(write.user, write.verb, write.resource, write.namespace, write.name) for write in found]

    return read


def test_a_users_writes_are_listed_and_no_dry_run_nor_review(
    connection: Connection, written: Callable[[], list[tuple[str, ...]]]
) -> None:
    connection.post(CONFIG_MAPS, config_map("tried"), **DRY)
    connection.post(CONFIG_MAPS, config_map("kept"))
    connection.patch(f"{CONFIG_MAPS}/kept", config_map("kept", a="1"), fieldManager="a", force=True, **DRY)
    connection.delete(f"{CONFIG_MAPS}/kept", {"dryRun": ["All"]})
    access = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
    connection.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", access)
    connection.post(f"{ACCOUNTS}/default/token", {"spec": {"expirationSeconds": 600}})
    connection.delete(f"{CONFIG_MAPS}/kept")
    assert written() == [
        ("lab-admin", "create", "configmaps", "default", "kept"),
        ("lab-admin", "delete", "configmaps", "default", "kept"),
    ]


def test_what_controllers_scheduler_and_kwok_write_is_not_listed_but_logged_with_the_pods_status(
    connection: Connection, quickstart_lab: Lab, since: int, written: Callable[[], list[tuple[str, ...]]]
) -> None:
    connection.post(DEPLOYMENTS, deployment("watched", 1))
    until(lambda: available(connection, "watched") == 1)
    assert written() == [("lab-admin", "create", "deployments", "default", "watched")]
    events = list(quickstart_lab.audit(MEMBER, since))
    assert {
        "lab-admin",
        "system:kube-controller-manager",
        "system:kube-scheduler",
        "system:kwok",
    } <= {event["user"]["username"] for event in events}
    done = [event for event in events if event["responseStatus"]["code"] == 200]  # conflicts are tried again
    statuses = [event for event in done if event["objectRef"].get("subresource") == "status"]
    pods = [event["responseObject"] for event in statuses if event["objectRef"]["resource"] == "pods"]
    ready = [item["status"] for pod in pods for item in pod["status"]["conditions"] if item["type"] == "Ready"]
    assert (ready[0], ready[-1]) == ("False", "True")
    available_replicas = [
        event["responseObject"]["status"].get("availableReplicas", 0)
        for event in statuses
        if event["objectRef"]["resource"] == "deployments"
    ]
    assert available_replicas[-1] == 1
    connection.delete(f"{DEPLOYMENTS}/watched", FOREGROUND)
    until(lambda: gone(connection, "/api/v1/namespaces/default/pods", "watched"))


def as_service_account(lab: Lab, token: str) -> Connection:
    """A connection as `default/default`."""
    config = yaml.safe_load(lab.kubeconfig.read_text())
    cluster = next(item["cluster"] for item in config["clusters"] if item["name"] == MEMBER)
    authority = base64.b64decode(cluster["certificate-authority-data"])
    endpoint = make_endpoint(cluster["server"], ca=authority.decode())
    transport = Transport(MEMBER, endpoint, Fixed(Credential().with_token(token)))
    return Connection(MEMBER, transport, Patience(5))


def test_a_service_account_outside_kube_system_counts_as_a_user(
    connection: Connection, quickstart_lab: Lab, written: Callable[[], list[tuple[str, ...]]]
) -> None:
    subject = {"kind": "ServiceAccount", "name": "default", "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
    connection.post(BINDINGS, {"metadata": {"name": "as-user"}, "roleRef": role, "subjects": [subject]})
    token = connection.post(f"{ACCOUNTS}/default/token", {"spec": {"expirationSeconds": 600}})["status"]["token"]
    account = as_service_account(quickstart_lab, token)
    account.post(CONFIG_MAPS, config_map("by-account"))
    account.close()
    connection.delete(f"{CONFIG_MAPS}/by-account")
    connection.delete(f"{BINDINGS}/as-user")
    assert written() == [
        ("lab-admin", "create", "rolebindings", "default", "as-user"),
        ("system:serviceaccount:default:default", "create", "configmaps", "default", "by-account"),
        ("lab-admin", "delete", "configmaps", "default", "by-account"),
        ("lab-admin", "delete", "rolebindings", "default", "as-user"),
    ]


def test_no_secret_and_no_token_is_in_the_log(connection: Connection, quickstart_lab: Lab) -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    connection.post(secrets, {"metadata": {"name": "key"}, "stringData": {"password": "hunter2-in-clear"}})
    connection.patch(f"{secrets}/key", {"stringData": {"other": "hunter3"}}, "application/merge-patch+json")
    token = connection.post(f"{ACCOUNTS}/default/token", {"spec": {"expirationSeconds": 600}})["status"]["token"]
    connection.delete(f"{secrets}/key")
    time.sleep(0.1)
    log = quickstart_lab.folder.cluster(MEMBER).audit_log.read_text()
    assert "secrets/key" in log
    for hidden in ("hunter", base64.b64encode(b"hunter2-in-clear").decode(), token):
        assert hidden not in log
