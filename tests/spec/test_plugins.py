"""Functions by name: found beside the program or file, or installed; everything else is a mistake by path."""

import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from kubefleet.spec import plugins
from kubefleet.spec.mistakes import Spelling
from kubefleet.spec.policy import parse_policy

pytestmark = pytest.mark.fast

MODULE = """
class Rules:
    @staticmethod
    def allowed(cluster, request):
        return True

def score(cluster, request):
    return 1

NUMBER = 3
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """With modules of names that no other test uses; Python forgets them afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "rules_for_spec.py").write_text(MODULE)
    (tmp_path / "broken_for_spec.py").write_text("import nothing_like_this\n")
    (tmp_path / "ending_for_spec.py").write_text("raise SystemExit(2)\n")
    yield tmp_path
    for name in ("rules_for_spec", "broken_for_spec", "ending_for_spec"):
        sys.modules.pop(name, None)


@pytest.fixture
def installed(monkeypatch):
    entries = {
        plugins.FILTERS: [EntryPoint("in-europe", "rules_for_spec:Rules.allowed", plugins.FILTERS)],
        plugins.SCORERS: [
            EntryPoint("cheapest", "rules_for_spec:score", plugins.SCORERS),
            EntryPoint("twice", "rules_for_spec:score", plugins.SCORERS),
            EntryPoint("twice", "other:score", plugins.SCORERS),
        ],
    }
    monkeypatch.setattr(plugins, "entry_points", lambda group: EntryPoints(entries[group]))


def parse(folder, **fields):
    mistakes = []
    raw = {"type": "PickN", "number_of_clusters": 1, **fields}
    return parse_policy(raw, "policy", Spelling.PYTHON, mistakes, folder), [str(mistake) for mistake in mistakes]


def test_a_function_is_found_by_its_import_path(folder) -> None:
    preferred = [{"weight": -3, "function": "rules_for_spec:score"}]
    policy, mistakes = parse(folder, filters=["rules_for_spec:Rules.allowed"], preferred=preferred)
    assert mistakes == []
    assert [(plugin.name, plugin.function(None, None)) for plugin in policy.filters] == [
        ("rules_for_spec:Rules.allowed", True)
    ]
    (prefer,) = policy.preferred
    assert (prefer.weight, prefer.function.name, prefer.function.function(None, None)) == (
        -3,
        "rules_for_spec:score",
        1,
    )


def test_a_function_is_found_by_its_entry_point(folder, installed) -> None:
    policy, mistakes = parse(folder, filters=["in-europe"], preferred=[{"weight": 1, "function": "cheapest"}])
    assert mistakes == []
    assert [plugin.name for plugin in policy.filters] == ["in-europe"]
    assert policy.preferred[0].function.name == "cheapest"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "absent_for_spec:score",
            (
                "`absent_for_spec` cannot be imported (expected a module in the folder of the program or file, or one "
                "that is installed): ModuleNotFoundError: No module named 'absent_for_spec'"
            ),
        ),
        (
            "broken_for_spec:score",
            (
                "`broken_for_spec` cannot be imported (expected a module in the folder of the program or file, or one "
                "that is installed): ModuleNotFoundError: No module named 'nothing_like_this'"
            ),
        ),
        (
            "ending_for_spec:score",
            (
                "`ending_for_spec` cannot be imported (expected a module in the folder of the program or file, or one "
                "that is installed): SystemExit: 2"
            ),
        ),
        ("rules_for_spec:scroe", "`rules_for_spec` has no `scroe` (expected a function of it). Did you mean `score`?"),
        ("rules_for_spec:NUMBER", "`rules_for_spec:NUMBER` is a int (expected a function)"),
        ("rules_for_spec:", "bad name `rules_for_spec:` (expected `package.module:function`)"),
        ("a b:c", "bad name `a b:c` (expected `package.module:function`)"),
        (
            "cheapst",
            (
                "unknown function `cheapst` (expected `package.module:function`; an entry point of "
                "`kubefleet.scorers`: cheapest, twice). Did you mean `cheapest`?"
            ),
        ),
        (
            "twice",
            "`twice` is installed twice: other:score, rules_for_spec:score (expected one). Write the one meant.",
        ),
    ],
)
def test_what_cannot_be_found_is_a_mistake_by_path(folder, installed, name: str, message: str) -> None:
    policy, mistakes = parse(folder, preferred=[{"weight": 1, "function": name}])
    assert (policy, mistakes) == (None, [f"policy.preferred[0].function: {message}"])


def test_without_entry_points_the_message_says_so(folder) -> None:
    assert parse(folder, filters=["in-europe"])[1] == [
        (
            "policy.filters[0]: unknown function `in-europe` (expected `package.module:function`; no entry point of "
            "`kubefleet.filters` is installed)."
        )
    ]


def test_a_function_that_is_named_twice_is_a_mistake(folder) -> None:
    named = ["rules_for_spec:Rules.allowed"] * 2
    assert parse(folder, filters=named)[1] == [
        "policy.filters[1]: function `rules_for_spec:Rules.allowed` is named twice (expected once)"
    ]


def test_a_preference_is_by_one_thing_only(folder) -> None:
    both = {"weight": 1, "function": "rules_for_spec:score", "sort_by": {"property": "x", "order": "Ascending"}}
    assert parse(folder, preferred=[both, {"weight": 2}])[1] == [
        (
            "policy.preferred[0]: a preference by `sort_by` and `function` (expected exactly one of a term, an order "
            "and a function)"
        ),
        "policy.preferred[1]: a preference by nothing (expected exactly one of a term, an order and a function)",
    ]
