"""Outputs in a program: what is looked into when it is known, and what has to be plain text at once."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown

from kubefleet.spec.workload_cut import cut_workload
from kubefleet.spec.workloads import parse_workloads
from pulumi_kubefleet._known import when_known
from pulumi_kubefleet._manifests import as_input, read_manifests

pytestmark = pytest.mark.fast

CONTAINER = {"name": "web", "image": "web:1", "resources": {"requests": {"cpu": "500m"}}}
PATH = ("spec", "template", "spec", "containers", 0)
SECRET = "correct horse"


def deployment() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 5, "template": {"spec": {"containers": [CONTAINER]}}},
    }


def replaced(whole: Any, path: tuple[str | int, ...], change: Callable[[Any], Any]) -> Any:
    """A copy in which what stands at the path is `change` of it."""
    if not path:
        return change(whole)
    step, *rest = path
    if isinstance(whole, list):
        return [replaced(item, tuple(rest), change) if i == step else item for i, item in enumerate(whole)]
    return {**whole, step: replaced(whole[step], tuple(rest), change)}


def unknown(_: Any) -> pulumi.Output[Any]:
    value: asyncio.Future[Any] = asyncio.Future()
    known: asyncio.Future[bool] = asyncio.Future()
    value.set_result(None)
    known.set_result(False)
    return pulumi.Output(set(), value, known)


async def settled(value: Any) -> Any:
    """The value as a provider gets it: Outputs opened, `Unknown` where one is not known."""
    if isinstance(value, pulumi.Output):
        return await settled(await value.future(with_unknowns=True)) if await value.is_known() else Unknown()
    if isinstance(value, dict):
        return {key: await settled(item) for key, item in value.items()}
    return [await settled(item) for item in value] if isinstance(value, list) else value


async def cut(manifest: dict[str, Any]) -> dict[str, Any]:
    return await settled(cut_workload(manifest, when_known))


def placement(**arguments: Any) -> Any:
    manifests = arguments.pop("manifests", [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}])
    return SimpleNamespace(placement_name="web", _manifests=manifests, _raw=arguments)


@pytest.mark.parametrize("length", range(1, len(PATH) + 1))
def test_an_output_on_the_way_to_the_requests_is_cut_as_plain_data_is(length: int) -> None:
    async def run() -> None:
        found = await cut(replaced(deployment(), PATH[:length], pulumi.Output.from_input))
        assert found == cut_workload(deployment())
        mistakes: list[Any] = []
        (work,) = parse_workloads([found], "placements.web", mistakes)
        assert (work.replicas, dict(work.pod.requests), mistakes) == (5, {"cpu": 500}, [])

    asyncio.run(run())


def test_outputs_inside_outputs_are_opened_too() -> None:
    async def run() -> None:
        inner = replaced(deployment(), PATH[:3], pulumi.Output.from_input)
        outer = replaced(inner, PATH[:1], lambda spec: pulumi.Output.from_input(1).apply(lambda _: spec))
        assert await cut(outer) == cut_workload(deployment())

    asyncio.run(run())


@pytest.mark.parametrize(
    ("path", "replicas_known"), [(PATH[:1], False), (PATH[:2], True), (PATH[:4], True), (PATH, True)]
)
def test_what_is_not_known_yet_makes_the_cut_unknown_and_never_a_default(
    path: tuple[str | int, ...], replicas_known: bool
) -> None:
    async def run() -> None:
        found = await cut(replaced(deployment(), path, unknown))
        assert isinstance(found["replicas"], Unknown) is not replicas_known
        assert "Unknown" in repr(found["pod"])

    asyncio.run(run())


def test_what_is_beside_the_way_is_not_waited_for() -> None:
    async def run() -> None:
        found = await cut(replaced(deployment(), (*PATH, "image"), unknown))
        assert found == cut_workload(deployment())

    asyncio.run(run())


def test_what_is_cut_out_of_a_secret_stays_one() -> None:
    async def run() -> None:
        found = cut_workload(replaced(deployment(), ("spec",), pulumi.Output.secret), when_known)
        assert found is not None
        assert await found["replicas"].is_secret()
        assert await found["pod"].is_secret()

    asyncio.run(run())


def test_an_output_where_text_is_needed_at_once_is_a_mistake_by_path() -> None:
    async def run() -> None:
        late = pulumi.Output.from_input("shop")
        expected = "this is an Output (expected plain text that is known when the program runs)."
        for arguments, path in (
            ({"namespace": late}, "namespace"),
            ({"allow_namespaces": late}, "allow_namespaces"),
            ({"allow_namespaces": ["a", late]}, "allow_namespaces[1]"),
            ({"select": late}, "select"),
            ({"select": ["ConfigMap/a", late]}, "select[1]"),
        ):
            found, mistakes = read_manifests(placement(**arguments))
            assert [str(mistake) for mistake in mistakes] == [f"placements.web.{path}: {expected}"]
            assert [item.key for item in found.objects] == ["v1/ConfigMap/default/a"]

    asyncio.run(run())


def test_an_output_as_a_whole_manifest_or_as_an_order_is_a_mistake_by_path() -> None:
    async def run() -> None:
        annotations = {"pulumi-kubefleet/order": pulumi.Output.from_input("1")}
        ordered = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "annotations": annotations}}
        _, mistakes = read_manifests(placement(manifests=[pulumi.Output.from_input({}), ordered]))
        first, second = (str(mistake) for mistake in mistakes)
        assert first.startswith("placements.web.manifests[0]: bad value of type Output (expected a path or an object")
        assert second.startswith("placements.web.manifests[1]: annotation `pulumi-kubefleet/order`: a value of type")

    asyncio.run(run())


def test_other_wrong_arguments_are_left_to_the_check_of_all_arguments() -> None:
    _, mistakes = read_manifests(placement(namespace=5, allow_namespaces=7, select=[3]))
    assert mistakes == []


def test_kubectls_copy_of_a_secret_goes_out_of_annotations_that_are_an_output() -> None:
    async def run() -> None:
        annotations = {"kubectl.kubernetes.io/last-applied-configuration": SECRET, "note": "x"}
        metadata = {"name": "door", "annotations": pulumi.Output.from_input(annotations)}
        shown = as_input({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": {"a": "b"}})
        assert await shown["metadata"]["annotations"].future() == {"note": "x"}
        assert await shown["data"].is_secret()

    asyncio.run(run())
