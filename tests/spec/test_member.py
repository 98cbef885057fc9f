from typing import Any

import pytest

from kubefleet.model.access import ExecCredential, Kubeconfig
from kubefleet.model.member import Leave, Member
from kubefleet.spec.member import parse_member
from kubefleet.spec.mistakes import Mistake, Spelling

pytestmark = pytest.mark.fast

SERVER = {"server": "https://a", "ca": "PEM", "exec": {"command": "login", "args": ["-x"], "env": {"B": "2", "A": "1"}}}


def parse(**raw: Any) -> tuple[Member | None, list[str]]:
    mistakes: list[Mistake] = []
    return parse_member("eu-1", raw, "members.eu-1", Spelling.PYTHON, mistakes), [str(item) for item in mistakes]


def test_a_member_has_what_was_declared_in_order() -> None:
    member, mistakes = parse(
        labels={"b": "2", "a": "1"},
        taints=[{"key": "z", "effect": "NoExecute"}, {"key": "a", "value": "x", "effect": "NoSchedule"}],
        properties={"rating": 60, "fabric": ["efa"]},
        cordon=True,
        leave="keep",
        access={"context": "eu", "path": "~/.kube/config"},
    )
    assert member is not None
    assert mistakes == []
    assert list(member.labels.items()) == [("a", "1"), ("b", "2")]
    assert [str(taint) for taint in member.taints] == ["a=x:NoSchedule", "z:NoExecute"]
    assert {name: (item.text, item.source) for name, item in member.properties.items()} == {
        "fabric": ("efa", "user"),
        "rating": ("60", "user"),
    }
    assert (member.cordoned, member.leave, member.access) == (True, Leave.KEEP, Kubeconfig("eu", "~/.kube/config"))


def test_a_server_is_reached_with_an_exec_plugin() -> None:
    member, mistakes = parse(access=SERVER)
    assert member is not None
    assert (member.access, mistakes) == (
        ExecCredential("https://a", "PEM", "login", ("-x",), (("A", "1"), ("B", "2"))),
        [],
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"label": {}}, "members.eu-1.label: unknown field `label`"),
        ({"taints": [{"key": "a", "effect": "PreferNoSchedule"}]}, "members.eu-1.taints[0].effect: unknown value"),
        ({"labels": {"a": "x" * 64}}, "members.eu-1.labels.a: bad label value"),
        ({"labels": {"a/b/c": "x"}}, "bad label key `a/b/c`"),
        ({"properties": {"x": {"y": 1}}}, "members.eu-1.properties.x: bad property value"),
        ({"properties": {"x": None}}, "members.eu-1.properties.x: bad property value"),
        ({"leave": "now"}, "expected one of clean_up, keep"),
        ({"access": {}}, "members.eu-1.access: no way to reach the member"),
        ({"access": {"context": "a", "server": "b"}}, "members.eu-1.access: a context beside a server"),
        ({"access": {"server": "b", "ca": "c"}}, "members.eu-1.access.exec: missing field"),
    ],
)
def test_what_cannot_be_meant_is_one_mistake(raw: dict[str, Any], message: str) -> None:
    member, (mistake,) = parse(**raw)
    assert member is None
    assert message in mistake


def test_what_may_be_secret_is_not_repeated() -> None:
    _, mistakes = parse(access={**SERVER, "exec": {"command": 5, "env": {"TOKEN": 12345}, "tokne": "hush"}})
    assert len(mistakes) == 3
    assert not any(word in mistake for mistake in mistakes for word in ("12345", "hush"))
