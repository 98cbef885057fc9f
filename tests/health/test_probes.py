"""What answers mean that a gate has asked for."""

from decimal import Decimal

import pytest

from kubefleet.health import Status
from kubefleet.health.probes import Http, Prometheus

pytestmark = pytest.mark.fast

ANY, MADE = Http("http://web"), Http("http://web", status=201, contains="made")


@pytest.mark.parametrize(
    ("look", "status", "body", "reason"),
    [
        (ANY, 200, "", ""),
        (ANY, 204, "", ""),
        (ANY, 302, "", "http://web answered 302 (expected a status from 200 to 299)"),
        (ANY, 503, "secret", "http://web answered 503 (expected a status from 200 to 299)"),
        (MADE, 201, "it is made", ""),
        (MADE, 200, "it is made", "http://web answered 200 (expected 201)"),
        (MADE, 201, "secret", "http://web answered without `made`"),
    ],
)
def test_an_answer_of_a_web_server(look, status, body, reason):
    found = look.judge(status, body)
    assert found.status is (Status.PROGRESSING if reason else Status.AVAILABLE)
    if reason:
        assert found.reason == reason


def vector(*values):
    result = [{"metric": {"pod": f"web-{at}"}, "value": [1.5, value]} for at, value in enumerate(values)]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


BELOW = Prometheus("http://p", "rate(errors[5m])", below=Decimal("0.01"))
BETWEEN = Prometheus("http://p", "up", above=Decimal(0), below=Decimal(2))


@pytest.mark.parametrize(
    ("look", "answer", "reason"),
    [
        (BELOW, vector("0.009", "0"), ""),
        (BELOW, vector("0.009", "0.01"), '`rate(errors[5m])` is 0.01 of {pod="web-1"} (expected below 0.01)'),
        (BELOW, vector("NaN"), '`rate(errors[5m])` is NaN of {pod="web-0"} (expected below 0.01)'),
        (BELOW, vector("-Inf"), ""),
        (BELOW, vector("+Inf"), '`rate(errors[5m])` is Infinity of {pod="web-0"} (expected below 0.01)'),
        (BELOW, vector(), "`rate(errors[5m])` has no data"),
        (BETWEEN, {"status": "success", "data": {"resultType": "scalar", "result": [1, "1"]}}, ""),
        (
            BETWEEN,
            {"status": "success", "data": {"resultType": "scalar", "result": [1, "2"]}},
            "`up` is 2 (expected above 0 and below 2)",
        ),
        (BETWEEN, {"status": "error", "error": "parse error"}, "`up`: parse error"),
        (
            BETWEEN,
            {"status": "success", "data": {"resultType": "matrix", "result": []}},
            "`up`: no answer of Prometheus that can be read",
        ),
        (BETWEEN, {"status": "success", "data": {}}, "`up`: no answer of Prometheus that can be read"),
        (BETWEEN, [], "`up`: no answer of Prometheus"),
    ],
)
def test_an_answer_of_prometheus(look, answer, reason):
    found = look.judge(answer)
    assert found.status is (Status.PROGRESSING if reason else Status.AVAILABLE), found
    if reason:
        assert found.reason == reason
