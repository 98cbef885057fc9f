"""What must not run twice at once stops before it starts elsewhere."""

import json
import threading
import time

import pytest

pytestmark = pytest.mark.engine

NIGHTLY = """
fleet.placement("nightly", manifests=[NAMESPACE, {
    "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", "namespace": "shop"},
    "spec": {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": {"spec": {
        "restartPolicy": "Never", "nodeSelector": {"there-is": "none"},
        "containers": [{"name": "run", "image": "run:1"}]}}}}},
}], policy=PickFixed("%s"))
"""


def there(stack, cluster: str, what: str) -> list[dict]:
    return json.loads(stack.kubectl(cluster, "get", what, "-n", "shop", "-o", "json"))["items"]


def until(condition, what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.3)


def test_a_cron_job_moves_when_its_run_has_ended_and_never_runs_on_two_clusters(stack):
    stack.write(NIGHTLY % "eu-1")
    stack.up()
    stack.kubectl("eu-1", "create", "job", "--from=cronjob/nightly", "running", "-n", "shop")
    until(lambda: there(stack, "eu-1", "jobs")[0].get("status", {}).get("active"), "the job has not begun")

    stack.write(NIGHTLY % "us-1")
    assert "stopped on eu-1 before it starts on us-1" in stack.preview()
    told: list[str] = []
    up = threading.Thread(target=lambda: told.append(stack.up()))
    up.start()
    until(lambda: there(stack, "eu-1", "cronjobs")[0]["spec"]["suspend"], "it was not suspended")
    time.sleep(3)
    assert there(stack, "us-1", "cronjobs") == []
    assert up.is_alive()
    stack.kubectl("eu-1", "delete", "job", "running", "-n", "shop")
    up.join(timeout=240)
    assert told
    (moved,) = there(stack, "us-1", "cronjobs")
    assert moved["spec"]["suspend"] is False
    assert stack.kubectl("eu-1", "get", "cronjobs", "-A", "-o", "name") == ""
