import pytest

from kubefleet.model.taint import Effect, Taint, Toleration

pytestmark = pytest.mark.fast

ML = Taint("dedicated", "ml", Effect.NO_SCHEDULE)
BARE = Taint("maintenance", "", Effect.NO_EXECUTE)


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerates"),
    [
        # the rows of Toleration.ToleratesTaint
        (Toleration("dedicated", "Equal", "ml", "NoSchedule"), ML, True),
        (Toleration("dedicated", "Equal", "ml"), ML, True),
        (Toleration("dedicated", "Exists"), ML, True),
        (Toleration("", "Exists"), ML, True),
        (Toleration("", "Exists", effect="NoSchedule"), ML, True),
        (Toleration("", "Exists", effect="NoExecute"), ML, False),
        (Toleration("dedicated", "Equal", "web", "NoSchedule"), ML, False),
        (Toleration("dedicated", "Equal", "", "NoSchedule"), ML, False),
        (Toleration("dedicated", "Equal", "ml", "NoExecute"), ML, False),
        (Toleration("Dedicated", "Equal", "ml"), ML, False),
        (Toleration("maintenance"), BARE, True),
        (Toleration("maintenance", "Equal", "x"), BARE, False),
        (Toleration("maintenance", "Exists", effect="NoExecute", seconds=5), BARE, True),
    ],
)
def test_a_toleration_matches_as_in_kubernetes(toleration: Toleration, taint: Taint, tolerates: bool) -> None:
    assert toleration.tolerates(taint) is tolerates


@pytest.mark.parametrize(("taint", "text"), [(ML, "dedicated=ml:NoSchedule"), (BARE, "maintenance:NoExecute")])
def test_a_taint_reads_as_kubectl_writes_it(taint: Taint, text: str) -> None:
    assert str(taint) == text
