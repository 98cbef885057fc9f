"""How many requests a member gets: they are what a large fleet waits for."""

import time

import pytest

from conftest import MEMBERS

pytestmark = pytest.mark.engine

OBJECTS = 10
SNAPSHOT = 10
"""A look at a member: its version, its APIs, and one list each of what is counted there."""
WEB = """
settings = [config_map(f"requests-{{n}}", a="{value}") for n in range({objects})]
for item in settings:
    item["metadata"]["namespace"] = "default"
fleet.placement("web", manifests=settings, policy=PickAll())
"""


def asked(stack, since):
    """The most requests that a member has got from us since then, with (method, resource) of each."""
    time.sleep(0.5)
    found = []
    for name in MEMBERS:
        events = [event for event in stack.lab.audit(name, since[name]) if event["user"]["username"] == "lab-admin"]
        done = [event for event in events if event["stage"] == "ResponseComplete"]
        found.append([(event["verb"], (event.get("objectRef") or {}).get("resource", "")) for event in done])
    return max(found, key=len)


def test_a_preview_asks_once_for_each_new_object_and_nothing_new_costs_but_the_look(stack):
    stack.write(WEB.format(value=1, objects=OBJECTS))
    mark = stack.events()
    stack.preview()
    first = asked(stack, mark)
    assert len(first) <= SNAPSHOT + OBJECTS
    assert first.count(("patch", "configmaps")) == OBJECTS
    stack.up()
    for again in (stack.preview, stack.up):
        mark = stack.events()
        again()
        assert len(asked(stack, mark)) <= SNAPSHOT
    # What changes is looked at first: whose it is decides what may be said about it.
    stack.write(WEB.format(value=2, objects=OBJECTS))
    mark = stack.events()
    stack.preview()
    assert len(asked(stack, mark)) <= SNAPSHOT + 2 * OBJECTS
