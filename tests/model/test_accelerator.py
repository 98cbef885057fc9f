import pytest
from immutabledict import immutabledict

from kubefleet.model.accelerator import device_count, models, normalise, resource_of
from kubefleet.model.amounts import parse_amounts
from kubefleet.model.shape import NodeShape
from kubefleet.model.sku import Sku

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("text", "model"),
    [
        ("NVIDIA-H100-80GB-HBM3", "H100"),
        ("NVIDIA-H100-PCIe", "H100"),
        ("NVIDIA-H100-NVL", "H100-NVL"),
        ("nvidia-h100-mega-80gb", "H100"),
        ("NVIDIA-H200", "H200"),
        ("nvidia-h200-141gb", "H200"),
        ("NVIDIA-GH200-480GB", "GH200"),
        ("NVIDIA-GB200", "GB200"),
        ("NVIDIA-B200", "B200"),
        ("NVIDIA-A100-SXM4-80GB", "A100-80GB"),
        ("NVIDIA-A100-80GB-PCIe", "A100-80GB"),
        ("A100-SXM4-40GB", "A100-40GB"),
        ("nvidia-tesla-a100", "A100-40GB"),
        ("nvidia-a100-80gb", "A100-80GB"),
        ("a100", "A100"),
        ("NVIDIA-A100-SXM4-40GB-MIG-3g.20gb", "A100-40GB-MIG-3g.20gb"),
        ("NVIDIA-A10G-SHARED", "A10G"),
        ("NVIDIA-A10-24Q", "A10"),
        ("Tesla-V100-SXM2-16GB", "V100-16GB"),
        ("Tesla-V100-SXM3-32GB-H", "V100-32GB"),
        ("Tesla-T4", "T4"),
        ("nvidia-tesla-p100", "P100-16GB"),
        ("Tesla-K80", "K80"),
        ("NVIDIA-L40S", "L40S"),
        ("nvidia-l4", "L4"),
        ("NVIDIA-RTX-A6000", "RTX-A6000"),
        ("NVIDIA-GeForce-RTX-4090", "RTX-4090"),
        ("NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition", "RTX-PRO-6000"),
        ("nvidia-rtx-pro-6000", "RTX-PRO-6000"),
        ("AMD_Instinct_MI300X_OAM", "MI300X"),
        ("AMD Instinct MI250X", "MI250X"),
        ("trainium2", "Trainium2"),
        ("inferentia", "Inferentia"),
        ("tpu-v5-lite-podslice", "TPU-v5e"),
        ("tpu-v5p-slice", "TPU-v5p"),
        ("tpu-v4-podslice", "TPU-v4"),
        ("nvidia", ""),
        ("true", ""),
        ("", ""),
    ],
)
def test_one_name_for_every_spelling(text: str, model: str) -> None:
    assert normalise(text) == model
    if model and not model.startswith("TPU"):
        assert normalise(model) == model


@pytest.mark.parametrize(
    ("memory", "model"), [("40960", "A100-40GB"), ("40536", "A100-40GB"), ("81920", "A100-80GB"), ("?", "A100")]
)
def test_the_memory_of_a_card_is_part_of_its_name_where_cards_differ_in_it(memory: str, model: str) -> None:
    labels = immutabledict({"nvidia.com/gpu.product": "NVIDIA-A100-PCIe", "nvidia.com/gpu.memory": memory})
    assert models(node(labels=labels))[0] == model


def node(capacity: str = "8", labels: immutabledict[str, str] = immutabledict(), sku: Sku | None = None) -> NodeShape:  # noqa: B008
    amounts = parse_amounts({"nvidia.com/gpu": capacity})
    return NodeShape(1, amounts, amounts, ((amounts, 1),), labels=labels, sku=sku)


def test_a_label_comes_before_the_table_which_tells_what_a_label_leaves_open() -> None:
    table = Sku(gpu="A100-80GB", gpu_count=8)
    assert models(node(sku=table)) == ("A100-80GB", "A100")
    assert (
        models(node(labels=immutabledict({"karpenter.k8s.aws/instance-gpu-name": "a100"}), sku=table))[0] == "A100-80GB"
    )
    assert models(node(labels=immutabledict({"nvidia.com/gpu.product": "NVIDIA-H100-PCIe"}), sku=table)) == ("H100",)
    assert models(node()) == ()


def test_cards_are_counted_by_label_then_capacity_then_table() -> None:
    table = Sku(gpu="H100", gpu_count=8)
    shared = immutabledict({"nvidia.com/gpu.count": "2", "nvidia.com/gpu.product": "NVIDIA-H100-PCIe"})
    assert device_count(node("16", shared)) == 2
    assert device_count(node("7", sku=table)) == 7
    assert device_count(node("0", sku=table)) == 8
    assert device_count(node("4")) == 0


@pytest.mark.parametrize(
    ("model", "resource"),
    [
        ("H100", "nvidia.com/gpu"),
        ("V100-16GB", "nvidia.com/gpu"),
        ("MI300X", "amd.com/gpu"),
        ("V520", "amd.com/gpu"),
        ("Trainium", "aws.amazon.com/neuron"),
        ("Gaudi", "habana.ai/gaudi"),
        ("TPU-v5e", "google.com/tpu"),
    ],
)
def test_each_vendors_device_plugin_has_its_own_resource(model: str, resource: str) -> None:
    assert resource_of(model) == resource
