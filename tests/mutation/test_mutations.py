"""The changes that are made to code; that tests notice them is `make mutants`."""

import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from mutations import mutants
from process import forked
from put import put
from reach import watched
from subjects import subjects

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
    assert [(mutant.name, mutant.lines.start, mutant.source) for mutant in found] == [
        ("module: 1 -> 2", 1, "x = 2\ny = 1"),
        ("module: 1 -> 0", 1, "x = 0\ny = 1"),
        ("module: 1 -> 2 #2", 2, "x = 1\ny = 2"),
        ("module: 1 -> 0 #2", 2, "x = 1\ny = 0"),
    ]


def test_where_a_change_is() -> None:
    source = """\
x = 1

class A:
    def f(self, much=2):
        if (
            much == x
        ):
            y = [much,
                 3]

            def inner():
                return 4
"""
    found = {mutant.name: (mutant.function, list(mutant.lines)) for mutant in mutants(source)}
    assert found["module: 1 -> 2"] == ("", [1])
    assert found["A.f: 2 -> 3"] == ("A.f", list(range(4, 13)))
    assert found["A.f: much == x -> much != x"] == ("A.f", [5, 6, 7])
    assert found["A.f: 3 -> 4"] == ("A.f", [8, 9])
    assert found["A.f.inner: 4 -> 5"] == ("A.f", [12])


def test_whoever_holds_a_function_has_the_changed_one() -> None:
    source = """\
class A:
    @property
    def f(self):
        return g()

def g(much=1):
    return much
"""
    module = ModuleType("some")
    module.__file__ = "some.py"
    exec(source, module.__dict__)
    made, held = module.A(), module.g
    for mutant in mutants(source):
        if mutant.name in ("A.f: return g() -> return None", "g: 1 -> 2"):
            put(module, mutant.function, mutant.source)
    assert (made.f, held()) == (None, 2)


def test_lines_that_run_are_seen_in_the_files_that_are_asked_for() -> None:
    here = {}
    exec(compile("def f(x):\n    if x:\n        return 1\n    return 2\n", "some.py", "exec"), here)
    with watched(frozenset({"some.py"})) as lines:
        here["f"](0)
    assert lines == {("some.py", 2), ("some.py", 4)}
    with watched(frozenset({"other.py"})) as lines:
        here["f"](0)
    assert lines == set()


def test_work_that_raises_or_does_not_end_is_not_done() -> None:
    def fail() -> None:
        raise ValueError

    def run_on() -> None:
        while True:
            pass

    assert forked(lambda: None, 1)
    assert not forked(fail, 1)
    assert not forked(run_on, 1)


def test_what_is_listed_as_equivalent_is_a_mutant() -> None:
    """A list that names what the code has no more stops the next run of them all."""
    listed = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text())
    assert set(listed) <= {subject.name for subject in subjects()}
