"""The changes that are made to code; that tests notice them is `make mutants`."""

import pytest
from mutations import mutants

pytestmark = pytest.mark.fast


def changes(source: str) -> list[str]:
    return [mutant.name.removeprefix("module: ") for mutant in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", ["a < b -> a <= b", "a < b -> not a < b"]),
        ("x = a in b", ["a in b -> a not in b"]),
        ("x = a < b == c", ["a < b == c -> a <= b == c", "a < b == c -> a < b != c"]),
        ("x = a and b", ["a and b -> a or b", "a and b -> b", "a and b -> a"]),
        ("x = not a", ["not a -> a"]),
        ("x = ~a", ["~a -> a"]),
        ("x = -a", ["-a -> a"]),
        ("x = a + b", ["a + b -> a - b"]),
        ("x = a if b else c", ["a if b else c -> a", "a if b else c -> c"]),
        ("x = min(a, b)", ["min(a, b) -> max(a, b)"]),
        ("x = zip(a, b, strict=True)", []),
        ("x = True", ["True -> False"]),
        ("x = 3", ["3 -> 4", "3 -> 2"]),
        ("x = -1", ["1 -> 2", "1 -> 0"]),
        ("x: f[1] = 'a'", []),
        ("x[a] = y", ["x[a] = y -> pass"]),
        ("x += y", ["x += y -> x -= y", "x += y -> pass"]),
        ("f(a)", ["f(a) -> pass"]),
        ("'text'", []),
        ("for a in b:\n    continue", ["continue -> pass"]),
        ("if a:\n    b = c", ["if a: -> if not a:"]),
    ],
)
def test_what_becomes_of_code(source: str, expected: list[str]) -> None:
    assert changes(source) == expected


def test_a_function_is_named_and_gives_something_else() -> None:
    yes = "    def f(self) -> bool:\n        return x\n"
    other = "    def g(self):\n        '''Text.'''\n        return x\n"
    assert changes(f"class A:\n{yes}{other}") == [
        "A.f?: return x -> return True",
        "A.f?: return x -> return False",
        "A.g: return x -> return None",
    ]


def test_the_same_change_twice_has_two_names_and_every_mutant_is_one_change_away() -> None:
    found = list(mutants("x = 1\ny = 1\n"))
    assert [(mutant.name, mutant.line, mutant.source) for mutant in found] == [
        ("module: 1 -> 2", 1, "x = 2\ny = 1"),
        ("module: 1 -> 0", 1, "x = 0\ny = 1"),
        ("module: 1 -> 2 #2", 2, "x = 1\ny = 2"),
        ("module: 1 -> 0 #2", 2, "x = 1\ny = 0"),
    ]
