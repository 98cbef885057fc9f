"""An argument that does not exist is named in its mistake; what stands in it is not."""

import pytest

from kubefleet.spec.declared import parse_placement
from kubefleet.spec.mistakes import Mistake

pytestmark = pytest.mark.fast


def test_a_secret_in_an_override_is_not_in_the_mistake_that_refuses_it() -> None:
    mistakes: list[Mistake] = []
    parse_placement("web", {"overrides": [{"merge": {"stringData": {"password": "hunter2"}}}]}, mistakes)
    (mistake,) = mistakes
    assert mistake.path == "placements.web.overrides"
    assert "hunter2" not in str(mistake)
