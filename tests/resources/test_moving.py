"""A `move` that is written is kept, or told."""

import pytest

from kubefleet.resources import _session
from kubefleet.resources._moving import unkept

pytestmark = pytest.mark.fast

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 4}}
ADDRESS = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"type": "LoadBalancer"}}
DIVIDED = {"replicas": {"type": "Divided"}}
FIRST = {"move": "stop_first"}
STAGED = {"type": "StagedUpdate", "stages": [{"name": "a", "selector": ["b"]}]}


@pytest.mark.parametrize(
    ("news", "objects", "told"),
    [
        (FIRST | DIVIDED, [WEB], False),
        (FIRST | DIVIDED | {"strategy": {"type": "RollingUpdate"}}, [WEB], True),
        (
            FIRST | DIVIDED | {"strategy": {"type": "StagedUpdate", "stages": [{"name": "a", "selector": ["b"]}]}},
            [WEB],
            True,
        ),
        # Beside an address they are not counted as pods by default.
        (FIRST | DIVIDED, [WEB, ADDRESS], True),
        (FIRST | DIVIDED | {"strategy": {"type": "SpreadUpdate", "max_surge": 0}}, [WEB, ADDRESS], False),
        (FIRST | {"strategy": {"type": "RollingUpdate"}}, [WEB], False),
        ({"move": "surge"} | DIVIDED | {"strategy": {"type": "RollingUpdate"}}, [WEB], False),
        (DIVIDED | {"strategy": {"type": "RollingUpdate"}}, [WEB], False),
    ],
)
def test_divided_replicas_stop_first_only_where_they_are_counted(monkeypatch, news, objects, told):
    monkeypatch.setitem(_session.manifests, "0a", {str(index): item for index, item in enumerate(objects)})
    found = unkept({"uid": "0a", "placement": "web", **news})
    assert [line.partition(":")[0] for line in found] == (["placements.web.move"] if told else [])
