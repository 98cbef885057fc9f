from pathlib import Path

import pytest
import yaml

from kubefleet.model.accelerator import normalise
from kubefleet.model.price import Prices
from kubefleet.model.sku import Sku
from kubefleet.spec.mistakes import Mistake, MistakesError
from kubefleet.spec.price_table import load_prices, parse_prices
from kubefleet.spec.sku_table import load_skus, parse_skus, shipped_skus

pytestmark = pytest.mark.fast

GIB = 2**30


@pytest.mark.parametrize(
    ("instance_type", "sku"),
    [
        ("Standard_ND96isr_H100_v5", Sku("azure", "H100", 8, 96_000, 1900 * GIB, ("infiniband",), 3200)),
        ("p4de.24xlarge", Sku("aws", "A100-80GB", 8, 96_000, 1152 * GIB, ("efa",), 400)),
        ("a3-highgpu-8g", Sku("gcp", "H100", 8, 208_000, 1872 * GIB, ("ethernet",), 1000)),
        ("Standard_HB120rs_v3", Sku("azure", "", 0, 120_000, 456 * GIB, ("infiniband",), 200)),
        ("ct5lp-hightpu-4t", Sku("gcp", "TPU-v5e", 4, 112_000, 192 * GIB, ("ethernet",), None)),
    ],
)
def test_the_shipped_table_knows_types_of_three_clouds(instance_type: str, sku: Sku) -> None:
    assert shipped_skus()[instance_type] == sku


def test_every_shipped_row_is_complete_enough_to_decide_on() -> None:
    table = shipped_skus()
    assert len(table) > 150
    for name, sku in table.items():
        assert sku.provider in {"azure", "aws", "gcp"}, name
        assert sku.cpu, name
        assert sku.memory, name
        assert sku.fabric, name
        assert bool(sku.gpu) == bool(sku.gpu_count), name
        assert not sku.gpu or normalise(sku.gpu) in {sku.gpu, sku.gpu.upper()} or sku.gpu.startswith("TPU"), name
        assert {"infiniband", "roce", "efa"}.isdisjoint(sku.fabric) or sku.bandwidth_gbps, name


def test_the_file_names_its_sources() -> None:
    head = Path("provider/kubefleet/spec/skus.yaml").read_text().split("\n\n")[0]
    for source in ("learn.microsoft.com", "docs.aws.amazon.com", "cloud.google.com"):
        assert source in head


def test_a_row_changes_the_fields_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "skus.yaml"
    file.write_text(
        yaml.safe_dump({"p5.48xlarge": {"memory": "2Ti", "fabric": []}, "own": {"gpu": "nvidia-h100-80gb"}})
    )
    table = load_skus(file)
    assert table["p5.48xlarge"] == Sku("aws", "H100", 8, 192_000, 2048 * GIB, (), 3200)
    assert table["own"] == Sku(gpu="H100")


def test_an_empty_file_adds_nothing(tmp_path: Path) -> None:
    file = tmp_path / "skus.yaml"
    file.write_text("# nothing yet\n")
    assert load_skus(file) == shipped_skus()


def test_all_mistakes_of_a_file_are_found_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "skus.yaml"
    file.write_text("a: {gpus: 8}\nb: {memory: many, fabric: [infinband]}\nc: {gpu: nvidia}\n5: {}\nd: none\n")
    with pytest.raises(MistakesError) as error:
        load_skus(file)
    lines = str(error.value).splitlines()
    assert len(lines) == 6
    for number, path, text in (
        (1, "a.gpus", "Did you mean `gpu`?"),
        (2, "b.memory", "bad quantity `many`"),
        (2, "b.fabric[0]", "Did you mean `infiniband`?"),
        (3, "c", "no accelerator model in `nvidia` (expected one such as H100 or A100-80GB)"),
        (4, "5", "bad name `5` (expected text). Put it in quotes."),
        (5, "d", "bad value `none` (expected a mapping of fields)"),
    ):
        assert any(f"skus.yaml:{number}: {path}: " in line and text in line for line in lines), (number, lines)


@pytest.mark.parametrize("text", ["[1]", "a: 1\n---\nb: 2"])
def test_a_table_is_one_mapping(tmp_path: Path, text: str) -> None:
    file = tmp_path / "skus.yaml"
    file.write_text(text)
    with pytest.raises(MistakesError, match="expected"):
        load_skus(file)


def test_prices_are_rates_by_type_and_region(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("instanceTypes: {a: {cost/per-cpu-hour: 0.05}}\nregions: {eu: {carbon/g-per-kwh: 250}}\n")
    prices = load_prices(file)
    assert str(prices.instance_types["a"]["cost/per-cpu-hour"]) == "1/20"
    assert prices.regions["eu"]["carbon/g-per-kwh"] == 250


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"region": {}}, "prices.region: unknown field `region` (expected one of instanceTypes, regions)."),
        ({"regions": {"eu": {"cost/per-cpu-hr": 1}}}, "Did you mean `cost/per-cpu-hour`?"),
        ({"regions": {"eu": {"cost/per-cpu-hour": "free"}}}, "bad quantity `free`"),
        ({"regions": {"eu": {"cost/per-cpu-hour": -1}}}, "expected zero or more"),
    ],
)
def test_what_is_no_price_is_a_mistake(raw: object, message: str) -> None:
    mistakes: list[Mistake] = []
    parse_prices(raw, "prices", mistakes)
    (mistake,) = mistakes
    assert message in str(mistake)


def test_without_rows_there_are_no_prices() -> None:
    assert not Prices()
    assert parse_skus({}, "skus", []) == shipped_skus()
