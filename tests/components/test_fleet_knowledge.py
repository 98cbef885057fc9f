"""What a fleet's own arguments say of its clusters: files are read when the program runs, and stand in state."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from kubefleet.model.access import Kubeconfig as Access
from kubefleet.resources._inputs import read_declaration
from kubefleet.spec.mistakes import Mistake
from pulumi_kubefleet import Kubeconfig, Node, Nodes, Prop, Term
from pulumi_kubefleet._knowledge import read_knowledge
from pulumi_kubefleet._secrets import fleet_secrets

pytestmark = pytest.mark.fast


def knowledge(**of_all: Any) -> tuple[dict[str, Any], list[Mistake]]:
    return read_knowledge(SimpleNamespace(_of_all=of_all))  # type: ignore[arg-type]


def test_rows_prices_and_the_hub_reach_the_schedule(tmp_path: Path) -> None:
    (tmp_path / "skus.yaml").write_text("own: {gpu: H100, gpuCount: 8}\n")
    (tmp_path / "prices.yaml").write_text("regions: {eu: {cost/per-cpu-hour: 0.05}}\n")
    raw, mistakes = knowledge(
        sku_file=str(tmp_path / "skus.yaml"), price_file=tmp_path / "prices.yaml", hub=Kubeconfig("hub", path="k")
    )
    assert mistakes == []
    # Pulumi hands over every number as a float.
    raw["skus"]["own"]["gpuCount"] = 8.0
    declaration, mistakes = read_declaration({}, {"knowledge": raw}, frozenset())
    assert mistakes == []
    found = declaration.knowledge
    assert (found.skus["own"].gpu, found.skus["own"].gpu_count) == ("H100", 8)
    assert found.skus["p5.48xlarge"].gpu == "H100"
    assert str(found.prices.regions["eu"]["cost/per-cpu-hour"]) == "1/20"
    assert found.hub == Access("hub", "k")


def test_without_arguments_there_is_the_shipped_table_alone() -> None:
    assert knowledge(sku_file=None, price_file=None, hub=None) == ({}, [])
    declaration, _ = read_declaration({}, {}, frozenset())
    assert declaration.knowledge.hub is None
    assert not declaration.knowledge.prices
    assert "p5.48xlarge" in declaration.knowledge.skus


def test_every_mistake_in_a_file_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "skus.yaml").write_text("own:\n  gpus: 8\n")
    raw, mistakes = knowledge(sku_file=tmp_path / "skus.yaml", price_file=tmp_path / "absent.yaml")
    assert raw == {}
    assert len(mistakes) == 2
    assert "skus.yaml:2: own.gpus: unknown field `gpus`" in str(mistakes[0])
    assert "absent.yaml: cannot read the file" in str(mistakes[1])


def test_a_path_that_is_an_output_is_a_mistake() -> None:
    async def run() -> None:
        _, (mistake,) = knowledge(sku_file=pulumi.Output.from_input("skus.yaml"))
        assert str(mistake) == "fleet.sku_file: bad value of type Output (expected a file's path)."

    asyncio.run(run())


def test_a_secret_in_how_the_hub_is_reached_is_refused_by_path() -> None:
    async def run() -> None:
        raw, _ = knowledge(hub=Kubeconfig(pulumi.Output.secret("hush")))
        (mistake,) = await fleet_secrets(raw)
        assert mistake.path == "fleet.hub.context"
        assert "hush" not in str(mistake)

    asyncio.run(run())


def test_a_hub_that_leads_nowhere_is_a_mistake_by_path() -> None:
    _, mistakes = read_declaration({}, {"knowledge": {"hub": {"contxt": "hub"}}}, frozenset())
    assert [mistake.path for mistake in mistakes] == ["fleet.hub.contxt"]


def test_a_node_requirement_in_python_is_the_one_of_files() -> None:
    each = [Node("nvidia.com/gpu").at_least(8), Node("network/fabric").has("infiniband"), Node("os").in_("linux")]
    term = Term(nodes=[Nodes(at_least=8, each=each, free=True)], properties=[Prop("zones").has("eu-1a")])
    assert term.raw() == {
        "properties": [{"name": "zones", "operator": "Eq", "values": ["eu-1a"]}],
        "nodes": [
            {
                "at_least": 8,
                "each": [
                    {"name": "nvidia.com/gpu", "operator": "Ge", "values": ["8"]},
                    {"name": "network/fabric", "operator": "Eq", "values": ["infiniband"]},
                    {"name": "os", "operator": "In", "values": ["linux"]},
                ],
                "free": True,
            }
        ],
    }
