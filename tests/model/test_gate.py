"""Approvals of removals: of a revision, and of the clusters that it leaves."""

import pytest

from kubefleet.model.gate import is_removal_approved

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("words", "clusters", "approved"),
    [
        (["web/removal@abc:eu-1"], ["eu-1"], True),
        (["web/removal@abc:eu-1,eu-2"], ["eu-2"], True),
        (["web/removal@abc:eu-1,eu-2"], ["eu-2", "eu-1"], True),
        (["web/removal@abc:eu-1"], ["eu-1", "eu-2"], False),
        (["web/removal@abc:eu-1", "web/removal@abc:eu-2"], ["eu-1", "eu-2"], False),
        (["web/removal@abcd:eu-1"], ["eu-1"], False),
        (["web/removal@ab:eu-1"], ["eu-1"], False),
        (["api/removal@abc:eu-1", "web/us@abc", "web/removal@abc"], ["eu-1"], False),
        (["web/removal@abc:eu-10"], ["eu-1"], False),
        ([], ["eu-1"], False),
    ],
)
def test_a_removal_is_approved_by_its_revision_and_all_its_clusters(words, clusters, approved):
    assert is_removal_approved(words, "web", "abc", clusters) is approved
