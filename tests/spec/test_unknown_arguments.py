"""An argument that does not exist is named in its mistake; what stands in it is not."""

import pytest

from kubefleet.spec.declared import parse_placement
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast

SECRET = {"object": "Secret/door", "merge": {"stringData": {"password": "hunter2"}}}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ({"overides": [SECRET]}, "overides"),
        ({"overrides": [{**SECRET, "merges": SECRET["merge"]}]}, "overrides[0].merges"),
        ({"overrides": [{**SECRET, "merge": "hunter2"}]}, "overrides[0].merge"),
        ({"overrides": [{**SECRET, "json_patch": ["hunter2"]}]}, "overrides[0].json_patch[0]"),
        ({"overrides": "hunter2"}, "overrides"),
    ],
)
def test_a_secret_in_an_override_is_not_in_the_mistake_that_refuses_it(raw, path) -> None:
    mistakes: list[Mistake] = []
    parse_placement("web", raw, mistakes)
    assert f"placements.web.{path}" in [mistake.path for mistake in mistakes]
    assert "hunter2" not in str(mistakes)
