from pathlib import Path

import pytest

from kubefleet.spec.mistakes import Mistake
from kubefleet.spec.yaml_file import Document, load_yaml, parse_yaml

pytestmark = pytest.mark.fast

FILE = Path("fleet.yaml")


def parse(text: str) -> tuple[tuple[Document, ...], list[str]]:
    mistakes: list[Mistake] = []
    return parse_yaml(text, FILE, mistakes), [str(mistake) for mistake in mistakes]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-01-01", "2024-01-01"),
        ("12:30:00", "12:30:00"),
        ("0x1f", 31),
        ("0b11", 3),
        ("010", 8),
        ("0o10", 8),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("500m", "500m"),
        ("'5'", "5"),
        ("~", None),
        ("true", True),
    ],
)
def test_scalars_are_read_as_kubectl_reads_them(text: str, value: object) -> None:
    (document,), mistakes = parse(f"a: {text}\n")
    assert (document.value, mistakes) == ({"a": value}, [])
    assert type(document.value["a"]) is type(value)


def test_every_value_knows_its_line() -> None:
    (document,), _ = parse("a:\n- b: 1\n  c:\n    d: 2\n")
    assert [document.line(*steps) for steps in ((), ("a",), ("a", 0), ("a", 0, "c"), ("a", 0, "c", "d"))] == [
        1,
        1,
        2,
        3,
        4,
    ]
    assert document.where("a", 0, "c", "x", "y") == "fleet.yaml:3"


def test_documents_that_are_empty_are_left_out() -> None:
    documents, mistakes = parse("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n")
    assert ([document.value for document in documents], mistakes) == ([{"a": 1}, {"b": 2}], [])


def test_duplicate_keys_are_mistakes_at_any_depth() -> None:
    _, mistakes = parse("a: 1\nb:\n- {c: 1, c: 2}\na: 3\n")
    assert mistakes == [
        "fleet.yaml:3: duplicate key `c` (first on line 3). Remove one of the two.",
        "fleet.yaml:4: duplicate key `a` (first on line 1). Remove one of the two.",
    ]


def test_an_anchor_and_a_merge_are_no_duplicates() -> None:
    (document,), mistakes = parse("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n")
    assert (document.value["b"], mistakes) == ({"x": 1, "y": 3}, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1\nb: 2\n", "fleet.yaml:2: invalid YAML: "),
        ("a: *b\n", "fleet.yaml:1: invalid YAML: found undefined alias"),
        ("a: !!python/object:os.system {}\n", "fleet.yaml:1: invalid YAML: could not determine a constructor"),
        ("\ta: 1\n", "fleet.yaml:1: invalid YAML: "),
        ("? [a]\n: 1\n", "fleet.yaml:1: invalid YAML: "),
        ("a: \x07\n", "fleet.yaml: invalid YAML: "),
    ],
)
def test_invalid_yaml_is_a_mistake_with_its_line(text: str, message: str) -> None:
    _, (mistake,) = parse(text)
    assert mistake.startswith(message)
    assert "\n" not in mistake


def test_an_unreadable_file_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"a: \xe9\n")
    for name, message in (
        ("latin.yaml", "byte 3 is not UTF-8"),
        ("absent.yaml", "No such file or directory"),
        (".", "Is a directory"),
    ):
        mistakes: list[Mistake] = []
        assert load_yaml(tmp_path / name, mistakes) == ()
        assert message in mistakes[0].message
        assert mistakes[0].where == str(tmp_path / name)
