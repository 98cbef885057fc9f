import pytest

from kubefleet.spec.mistakes import Mistake, MistakesError, did_you_mean, join

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("seen", "known", "hint"),
    [
        ("numberOfCluster", ["numberOfClusters", "type"], " Did you mean `numberOfClusters`?"),
        ("PICKALL", ["PickAll", "PickN"], " Did you mean `PickAll`?"),
        ("min", ["minDomains", "weight"], " Did you mean `minDomains`?"),
        ("quite-different", ["eu", "us"], ""),
        ("", ["a"], ""),
        (5, ["a"], ""),
    ],
)
def test_the_closest_known_word_is_offered(seen: object, known: list[str], hint: str) -> None:
    assert did_you_mean(seen, known) == hint


def test_a_path_reads_as_it_would_be_written() -> None:
    assert (
        join("", "placements", "web", "required", 0, "labels", "a.b/c") == 'placements.web.required[0].labels["a.b/c"]'
    )


def test_a_mistake_reads_place_path_message_as_far_as_they_are_known() -> None:
    assert str(Mistake("a.b", "is bad", "f.yaml:3")) == "f.yaml:3: a.b: is bad"
    assert str(Mistake("", "is bad")) == "is bad"
    assert str(MistakesError([Mistake("a", "x"), Mistake("b", "y")])) == "a: x\nb: y"
