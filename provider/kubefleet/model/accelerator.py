"""Accelerator models: many labels and spellings, one name. `H100`, `A100-80GB`, `MI300X`, `TPU-v5e`."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from immutabledict import immutabledict

from kubefleet.model.shape import NodeShape

_PRODUCT: Final = "nvidia.com/gpu.product"
_MODEL_LABELS: Final = (
    _PRODUCT,
    "amd.com/gpu.product-name",
    "beta.amd.com/gpu.product-name",
    "cloud.google.com/gke-accelerator",
    "cloud.google.com/gke-tpu-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
    "eks.amazonaws.com/instance-gpu-name",
    "karpenter.k8s.aws/instance-accelerator-name",
    "eks.amazonaws.com/instance-accelerator-name",
    "k8s.amazonaws.com/accelerator",
)
_DEVICE_LABELS: Final = ("amd.com/gpu.device-id", "beta.amd.com/gpu.device-id")
_COUNT_LABELS: Final = (
    "nvidia.com/gpu.count",
    "cloud.google.com/gke-accelerator-count",
    "karpenter.k8s.aws/instance-gpu-count",
    "eks.amazonaws.com/instance-gpu-count",
    "karpenter.k8s.aws/instance-accelerator-count",
    "eks.amazonaws.com/instance-accelerator-count",
)
_MEMORY_LABELS: Final = (
    "nvidia.com/gpu.memory",
    "karpenter.k8s.aws/instance-gpu-memory",
    "eks.amazonaws.com/instance-gpu-memory",
)

_AMD_DEVICES: Final = {
    "738c": "MI100",
    "740c": "MI250X",
    "7408": "MI250X",
    "740f": "MI210",
    "74a0": "MI300A",
    "74a1": "MI300X",
    "74b5": "MI300X",
    "74a5": "MI325X",
    "74b9": "MI325X",
    "75a0": "MI350X",
    "75a3": "MI355X",
}
"""PCI device ids of AMD's Instinct cards, the virtual functions among them, as the PCI ID Repository has them."""
_WORDS: Final = {
    word.upper(): word for word in ("Trainium", "Trainium2", "Inferentia", "Inferentia2", "Gaudi", "Gaudi2", "Gaudi3")
}
_FAMILY: Final = re.compile(r"MI\d{2,3}[A-Z]?|(?:GB|GH|[ABHKLMPTV])\d{1,3}[A-Z]?", re.ASCII)
_MEMORY: Final = re.compile(r"(\d+)GB?", re.ASCII)
_TPU: Final = re.compile(r"tpu-?(v?\d+[a-z]?)(-lite)?.*", re.ASCII)
_MIG: Final = re.compile(r"MIG-(\d+G\.\d+GB)", re.ASCII)
_SIZES: Final = {"A100": (40, 80), "V100": (16, 32), "P100": (12, 16)}
"""Models that differ in nothing so much as in their memory: it is part of the name."""
_SMALLEST: Final = frozenset({"nvidia-tesla-a100", "nvidia-tesla-v100", "nvidia-tesla-p100"})
"""Google's names of the cards with the smaller memory but for the P100; it has others for the larger."""
_NOISE: Final = re.compile(
    r"NVIDIA|AMD|INTEL|GOOGLE|AWS|TESLA|INSTINCT|RADEON|GEFORCE|GPU|ACCELERATOR|TRUE|YES|PRESENT|NONE|"
    r"SXM\d*|PCIE|OAM|HBM\d*E?|SHARED|BLACKWELL|SERVER|WORKSTATION|EDITION|GENERATION|HF|VF",
    re.ASCII,
)


def models(shape: NodeShape) -> tuple[str, ...]:
    """The model of a node's accelerators, then the families that it belongs to: `("A100-80GB", "A100")`.

    From labels of the GPU operators, then of the clouds, then from the SKU table, which also tells the memory where a
    label does not. Empty where nothing tells.
    """
    return _models(shape.labels, shape.sku.gpu if shape.sku else "")


@lru_cache(maxsize=65536)
def _models(labels: immutabledict[str, str], known: str) -> tuple[str, ...]:
    told = _labelled(labels)
    if known and (not told or told == _family(known)):
        told = known
    family = _family(told)
    return tuple(dict.fromkeys(name for name in (told, family) if name))


def device_count(shape: NodeShape) -> int:
    """Accelerators of one node: by label (which counts cards, not slices of them), by capacity, by the SKU table."""
    for key in _COUNT_LABELS:
        if (text := shape.labels.get(key, "")).isdecimal() and int(text):
            return int(text)
    if here := models(shape):
        if pieces := shape.capacity.get(resource_of(here[0]), 0):
            return pieces
        return shape.sku.gpu_count if shape.sku else 0
    return 0


def resource_of(model: str) -> str:
    """The extended resource by which pods ask for a model, as the vendors' device plugins name it."""
    if model.startswith(("MI", "V5", "V6", "V7")):
        return "amd.com/gpu"
    if model.startswith(("Trainium", "Inferentia")):
        return "aws.amazon.com/neuron"
    if model.startswith("Gaudi"):
        return "habana.ai/gaudi"
    return "google.com/tpu" if model.startswith("TPU") else "nvidia.com/gpu"


@lru_cache(maxsize=4096)
def normalise(text: str, memory_gib: int = 0) -> str:
    """One name for what vendors spell in many ways; empty where it names no model.

    `NVIDIA-H100-80GB-HBM3` is `H100`, `NVIDIA-A100-SXM4-80GB` and `nvidia-a100-80gb` are `A100-80GB`,
    `AMD_Instinct_MI300X_OAM` is `MI300X`. A slice is not a card: `A100-40GB-MIG-1g.5gb`. `memory_gib` is that of one
    card, for models of several sizes whose name does not say which.
    """
    if match := _TPU.fullmatch(text.lower()):
        return f"TPU-{match[1]}{'e' if match[2] else ''}"
    upper = text.upper()
    mig = _MIG.search(upper)
    tokens = [token for token in re.split(r"[-_\s]+", upper.partition("-MIG-")[0]) if token]
    family = next((token for token in tokens if _FAMILY.fullmatch(token)), "")
    if not family:
        rest = [token for token in tokens if not _NOISE.fullmatch(token) and not _MEMORY.fullmatch(token)]
        return "-".join(_WORDS.get(token, token) for token in rest)
    name = family + ("-NVL" if "NVL" in tokens else "")
    if sizes := _SIZES.get(family):
        told = next((int(match[1]) for token in tokens if (match := _MEMORY.fullmatch(token))), memory_gib)
        if not told and text.lower() in _SMALLEST:
            told = sizes[1] if family == "P100" else sizes[0]
        if told:
            name += f"-{min(sizes, key=lambda size: abs(size - told))}GB"
    return f"{name}-MIG-{mig[1].lower()}" if mig else name


def _labelled(labels: Mapping[str, str]) -> str:
    for key in _MODEL_LABELS:
        if key in labels and (told := normalise(labels[key], _memory(labels))):
            return told
    for key in _DEVICE_LABELS:
        if told := _AMD_DEVICES.get(labels.get(key, "").lower().removeprefix("0x"), ""):
            return told
    return ""


def _memory(labels: Mapping[str, str]) -> int:
    """GiB of one card, from labels that count MiB."""
    text = next((labels[key] for key in _MEMORY_LABELS if key in labels), "")
    return round(int(text) / 1024) if text.isdecimal() else 0


def _family(model: str) -> str:
    """The model without memory and form; of a slice nothing but itself."""
    return model if "-MIG-" in model else re.sub(r"-(NVL|\d+GB)\Z", "", model)
