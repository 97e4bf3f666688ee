"""Which instructions for int8 a processor has, by what the system lists."""

import pytest

from resnet_bench.machine import environment, processor

INTEL = "processor\t: 0\nmodel name\t: X\nflags\t\t: fpu avx2 avx512f avx512_vnni amx_int8 amx_bf16\n\nprocessor\t: 1\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd asimddp bf16\n"
OLD = "processor\t: 0\nflags\t: fpu sse2\n"


@pytest.mark.parametrize(
    ("text", "expected", "known"),
    [
        (INTEL, ("avx512_vnni", "amx_int8", "avx2", "avx512f", "amx_bf16"), True),
        (ARM, ("asimddp", "bf16"), True),
        (OLD, (), False),
        ("nothing is listed\n", None, None),
        (None, None, None),
    ],
)
def test_what_int8_runs_by_is_told_as_far_as_the_system_tells(tmp_path, text, expected, known):
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    found = processor.flags(path)
    assert found == expected
    assert processor.has_int8(found) is (known is True)
    assert processor.lacks_int8(found) is (known is False)


def test_a_machine_s_state_has_them():
    assert environment.machine_state(environment.host_state()).cpu_flags == processor.flags()
