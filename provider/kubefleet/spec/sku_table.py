"""The SKU table: what is known of instance types. Shipped as data; users add rows and change fields of rows."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from immutabledict import immutabledict
from pydantic import Field, model_validator

from kubefleet.model.accelerator import normalise
from kubefleet.model.quantity import amount_of
from kubefleet.model.sku import Sku, SkuTable
from kubefleet.spec.mistakes import Mistake, MistakesError, Spelling, join
from kubefleet.spec.named_items import located
from kubefleet.spec.scalars import QuantityText, Text, Whole
from kubefleet.spec.table_file import load_table, table_rows
from kubefleet.spec.written import Written, read

_SHIPPED = Path(__file__).with_name("skus.yaml")


class SkuSpec(Written):
    """One row; what is left out is not known, or stays as the shipped row has it."""

    provider: Text | None = None
    gpu: Text | None = None
    gpu_count: Annotated[Whole, Field(ge=0, le=1024)] | None = None
    cpu: QuantityText | None = None
    memory: QuantityText | None = None
    fabric: list[Literal["efa", "ethernet", "infiniband", "roce"]] | None = None
    bandwidth_gbps: Annotated[Whole, Field(ge=0, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _is_a_model(self) -> "SkuSpec":
        if self.gpu is not None and not normalise(self.gpu):
            raise ValueError(f"no accelerator model in `{self.gpu}` (expected one such as H100 or A100-80GB)")
        return self

    def sku(self, known: Sku) -> Sku:
        """The frozen value: `known` with every field that this row has."""
        fields: dict[str, Any] = {
            "provider": self.provider,
            "gpu": None if self.gpu is None else normalise(self.gpu),
            "gpu_count": self.gpu_count,
            "cpu": None if self.cpu is None else amount_of("cpu", self.cpu),
            "memory": None if self.memory is None else amount_of("memory", self.memory),
            "fabric": None if self.fabric is None else tuple(sorted(set(self.fabric))),
            "bandwidth_gbps": self.bandwidth_gbps,
        }
        return replace(known, **{name: value for name, value in fields.items() if value is not None})


@cache
def shipped_skus() -> SkuTable:
    """The table in this package; its sources stand in the file's head."""
    return load_skus(_SHIPPED, immutabledict())


def load_skus(path: Path, base: SkuTable | None = None) -> SkuTable:
    """`base`, by default the shipped table, with the rows of a file. Raises MistakesError with everything that is wrong
    in the file, by path and line.
    """
    mistakes: list[Mistake] = []
    raw = load_table(path, mistakes)
    table = parse_skus(raw.value if raw else {}, "", mistakes, base)
    if mistakes:
        raise MistakesError(located(mistakes, raw) if raw else mistakes)
    return table


def parse_skus(raw: object, path: str, mistakes: list[Mistake], base: SkuTable | None = None) -> SkuTable:
    """`base`, by default the shipped table, with the rows of a mapping by instance type; mistakes are added by path.
    Field names are those of files, also in what a program hands on: it has read a file.
    """
    found = dict(shipped_skus() if base is None else base)
    for name, row in table_rows(raw, path, mistakes):
        spec = read(SkuSpec, row, join(path, name), Spelling.FILE, mistakes)
        if spec is not None:
            found[name] = spec.sku(found.get(name, Sku()))
    return immutabledict(found)


def sku_row(sku: Sku) -> dict[str, Any]:
    """A row of a file that says the same."""
    row = {
        "provider": sku.provider,
        "gpu": sku.gpu,
        "gpuCount": sku.gpu_count,
        "cpu": None if sku.cpu is None else f"{sku.cpu}m",
        "memory": None if sku.memory is None else str(sku.memory),
        "fabric": list(sku.fabric),
        "bandwidthGbps": sku.bandwidth_gbps,
    }
    # An empty list is said too: it takes away what the shipped row has.
    return {name: value for name, value in row.items() if value or value == []}
