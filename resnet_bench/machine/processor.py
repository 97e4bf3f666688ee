"""What instructions the processor has that lower precision is quick by, as the system tells them. Never torch."""

from functools import cache
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

_INT8 = ("avx512_vnni", "avx_vnni", "avx_vnni_int8", "amx_int8", "asimddp", "i8mm")
_OTHERS = ("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16", "sve", "bf16")
# Where the system lists them, by architecture.
_LISTED = ("flags", "Features")


@cache
def flags(cpuinfo: Path = CPUINFO) -> tuple[str, ...] | None:
    """Return those of int8, bfloat16 and wide vectors that the first core has, None where the system does not tell.

    A virtual machine may hide some that the processor of that name has.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        title, _, listed = line.partition(":")
        if title.strip() in _LISTED:
            have = frozenset(listed.split())
            return tuple(name for name in (*_INT8, *_OTHERS) if name in have)
    return None


def has_int8(found: tuple[str, ...] | None) -> bool:
    """Say whether a processor is known to have an instruction for products of int8."""
    return any(name in _INT8 for name in found or ())


def lacks_int8(found: tuple[str, ...] | None) -> bool:
    """Say whether a processor is known to have none."""
    return found is not None and not has_int8(found)
