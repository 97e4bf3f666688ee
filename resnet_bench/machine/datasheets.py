"""What vendors say of well-known GPUs, to stand beside what was measured; never used in its place.

Dense rates in FLOP/s: half of the sparse figures that recent data sheets print first, and with which some print nothing
else. Tensor cores (AMD: matrix cores) with fp32 accumulation for what has two bytes or one, which of consumer cards is
half of the rate that is printed above it; bf16 came with TF32 (Ampere), fp8 with Hopper and Ada. Of CPUs nothing is
listed: their peak depends on clocks under load. Of a slice of a card (MIG, vGPU) nothing either: the document is of the
whole one.
"""

import re

from resnet_bench.machine.devices import is_accelerator
from resnet_bench.records import Identity, Precision, Record

_T, _G = 1e12, 1e9


class DataSheet(Record, frozen=True, kw_only=True):
    """One product: rates by precision, memory bandwidth, and the document that says so."""

    product: str
    fp32_flop_per_s: float
    tf32_flop_per_s: float | None
    half_flop_per_s: float | None
    fp8_flop_per_s: float | None
    memory_byte_per_s: float
    source: str

    def flop_per_s(self, precision: Precision) -> float | None:
        """Return the rate of a precision, autocast's that of its half type; None where the sheet says nothing."""
        match precision:
            case Precision.FP32:
                return self.fp32_flop_per_s
            case Precision.TF32:
                return self.tf32_flop_per_s
            case Precision.FP16 | Precision.AMP_FP16:
                return self.half_flop_per_s
            case Precision.BF16 | Precision.AMP_BF16:
                return self.half_flop_per_s if self.tf32_flop_per_s is not None else None
            case Precision.FP8:
                return self.fp8_flop_per_s
            case Precision.FP64 | Precision.INT8:
                return None


def _sheet(
    product: str, rates: tuple[float, float | None, float | None, float | None], memory: float, source: str
) -> DataSheet:
    """Return a sheet of TFLOP/s in fp32, TF32, halves and fp8, None for what it has not, and of GB/s."""
    fp32, *narrower = rates
    tf32, half, fp8 = (None if rate is None else rate * _T for rate in narrower)
    return DataSheet(
        product=product,
        fp32_flop_per_s=fp32 * _T,
        tf32_flop_per_s=tf32,
        half_flop_per_s=half,
        fp8_flop_per_s=fp8,
        memory_byte_per_s=memory * _G,
        source=source,
    )


_H200 = "NVIDIA H200 Tensor Core GPU data sheet"
_H100 = "NVIDIA H100 Tensor Core GPU data sheet"
_GH200 = "NVIDIA GH200 Grace Hopper Superchip data sheet 2705455"
_A100 = "NVIDIA A100 Tensor Core GPU data sheet 1758950"
_V100 = "NVIDIA V100 Tensor Core GPU data sheet 1165301"
_GA102 = "NVIDIA Ampere GA102 GPU architecture whitepaper"

# The first whose name is part of the device's name: longer names first.
SHEETS = (
    _sheet("H200 NVL", (60, 417.5, 835.5, 1670.5), 4800, _H200),
    _sheet("H200", (67, 494.5, 989.5, 1979), 4800, _H200),
    _sheet("H100 NVL", (60, 417.5, 835.5, 1670.5), 3900, _H100),
    _sheet("H100 PCIe", (51, 378, 756.5, 1513), 2000, _H100),
    _sheet("H100 80GB HBM3", (67, 494.5, 989.5, 1979), 3350, _H100),
    # The names say how much memory the processor has, or the GPU: 96 GB of HBM3, 144 GB of HBM3e.
    _sheet("GH200 480GB", (67, 494.5, 989.5, 1979), 4000, f"{_GH200}, HBM3"),
    _sheet("GH200 144G HBM3e", (67, 494.5, 989.5, 1979), 4900, f"{_GH200}, HBM3e"),
    # Table 3 of the brief; NVIDIA's page on HGX B200 has 75, 1125, 2250 and 4500 since.
    _sheet("B200", (80, 1100, 2250, 4500), 8000, "NVIDIA Blackwell architecture technical brief, HGX B200"),
    # NVIDIA publishes no document on it; its partners print the same figures.
    _sheet("H20", (44, 74, 148, 296), 4000, "NVIDIA H20 specification, as partners print it"),
    _sheet("A100-SXM4-80GB", (19.5, 156, 312, None), 2039, _A100),
    _sheet("A100 80GB PCIe", (19.5, 156, 312, None), 1935, _A100),
    _sheet("A100-SXM4-40GB", (19.5, 156, 312, None), 1555, _A100),
    _sheet("A100-PCIE-40GB", (19.5, 156, 312, None), 1555, _A100),
    _sheet("L40S", (91.6, 183, 362, 733), 864, "NVIDIA L40S data sheet"),
    _sheet("L4", (30.3, 60, 121, 242.5), 300, "NVIDIA L4 Tensor Core GPU data sheet 2595652"),
    _sheet("A10", (31.2, 62.5, 125, None), 600, "NVIDIA A10 Tensor Core GPU data sheet"),
    # The data sheet (951643) rounds 256 bits at 10 Gb/s down to 300 GB/s.
    _sheet("T4", (8.1, None, 65, None), 320, "NVIDIA T4 Tensor Core GPU product brief PB-09256-001"),
    _sheet("V100-SXM2", (15.7, None, 125, None), 900, _V100),
    _sheet("V100-PCIE", (14, None, 112, None), 900, _V100),
    _sheet("RTX A6000", (38.7, 77.4, 154.8, None), 768, f"{_GA102}, table 3"),
    _sheet("RTX 5090", (104.8, 104.8, 209.5, 419), 1792, "NVIDIA RTX Blackwell GPU architecture whitepaper, table 3"),
    _sheet("RTX 4090", (82.6, 82.6, 165.2, 330.3), 1008, "NVIDIA Ada GPU architecture whitepaper 2.02, appendix A"),
    _sheet("RTX 3090", (35.6, 35.6, 71, None), 936, f"{_GA102}, appendix A"),
    _sheet("Instinct MI300X", (163.4, 653.7, 1307.4, 2614.9), 5300, "AMD Instinct MI300X accelerator data sheet"),
)
# Other products whose names begin alike.
_OTHERS = ("Ti", "D", "Laptop", "VF")
_SLICE = "MIG"
_WITH_MEMORY = re.compile(r"-\d+GB")


def data_sheet(identity: Identity) -> DataSheet | None:
    """Return the data sheet of a device, None for CPUs and for GPUs that are not in the table."""
    if not is_accelerator(identity.device):
        return None
    words = identity.device_name.split()
    if _SLICE in words:
        return None
    for sheet in SHEETS:
        wanted = sheet.product.split()
        for at in range(len(words) - len(wanted) + 1):
            following = words[at + len(wanted)] if at + len(wanted) < len(words) else ""
            if words[at : at + len(wanted)] == wanted and following not in _OTHERS:
                return sheet
            # Not -16Q and the like, which are slices of vGPU.
            if (
                len(wanted) == 1
                and words[at].startswith(wanted[0])
                and _WITH_MEMORY.fullmatch(words[at], len(wanted[0]))
            ):
                return sheet
    return None
