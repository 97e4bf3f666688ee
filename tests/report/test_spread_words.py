"""Where a report calls cases noisy, or none, it says of which figures the spread is."""

import pytest

from resnet_bench.report.documents import run as view
from resnet_bench.report.renderers import Format, render
from tests import make

SPEEDS = (1.0, 1.1, 1.2)


def a_case(model, *, beside):
    """A case whose launches differ by a fifth as measured, as the machine's speed did."""
    case = make.case(model=model)
    launches = []
    for index, speed in enumerate(SPEEDS):
        made = make.launch([0.05 * speed] * 6, index=index, of=case)
        launches.append(make.beside_reference(made, 0.003 * speed) if beside else made)
    return make.change(make.measurement([[0.05]], of=case), launches=tuple(launches))


@pytest.mark.parametrize(
    ("beside", "health", "finding"),
    [
        ((True, True), "none noisy (corrected for drift)", "No case is noisy (spread above 5 %, corrected for drift)."),
        ((True, False), "1 noisy (1 of 2 corrected for drift)", "(spread above 5 %, 1 of 2 corrected for drift)."),
        ((False, False), "2 noisy", "2 cases are noisy (spread above 5 %)."),
    ],
)
def test_noisy_is_said_with_the_figures_that_it_is_of(beside, health, finding):
    cases = [a_case(model, beside=it) for model, it in zip(("resnet18", "resnet34"), beside, strict=True)]
    document = view.build([make.run_of(cases)])
    assert health in [it.text for it in document.health]
    assert finding in render(document, Format.MARKDOWN)
