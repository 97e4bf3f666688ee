"""A row for each launch, with the parts of a training iteration where they were timed."""

import msgspec

from resnet_bench.records import Mode, Phases
from resnet_bench.report.documents import run as view
from tests.make import suite_run


def test_the_parts_of_a_training_iteration_stand_with_their_launch():
    run = suite_run(models=("resnet18",), modes=(Mode.TRAINING,), batch_sizes=(4,), launches=3)
    (measured,) = run.measurements
    phases = Phases(forward_s=(0.1, 0.2, 0.3), backward_s=(0.4, 0.5, 0.6), optimizer_s=(0.01, 0.02, 0.03))
    first, *others = measured.launches
    launches = (msgspec.structs.replace(first, phases=phases), *others)
    run = msgspec.structs.replace(run, measurements=(msgspec.structs.replace(measured, launches=launches),))
    table = view.build([run]).launches
    parts = [table.index(key) for key in ("forward_median_s", "backward_median_s", "optimizer_median_s")]
    rows = [tuple(row[position] for position in parts) for row in table.rows]
    assert rows == [(0.2, 0.5, 0.02), (None, None, None), (None, None, None)]
