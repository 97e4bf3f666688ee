"""THE builder of records for tests: one noun a file, each built from the few fields that a test is about.

Whatever is not named has the value of a small quiet CPU run; `change` gives a record other fields.
"""

from tests.make.cases import CASE, case, change
from tests.make.commits import commit
from tests.make.environments import IDENTITY, environment
from tests.make.histories import asv_folder, at, git, make_repository, noisy, run_at
from tests.make.launches import EXECUTED, beside_reference, in_company, launch, reference, samples, skip
from tests.make.layers import (
    CEILINGS,
    as_measured,
    ceilings,
    dissected,
    hostile_layers,
    known_layers,
    layer_profile,
    layer_time,
    roofline_layers,
)
from tests.make.live import matchup, matchup_result, side
from tests.make.measurements import measurement, noisy_launches
from tests.make.profiles import profile
from tests.make.requests import BRIEF, launch_request
from tests.make.runs import PROTOCOL, digest_of, header, run_of, save_run
from tests.make.series import series_of
from tests.make.spec import HOSTILE
from tests.make.suites import big_run, gpu_run, suite_run, troubled_run

__all__ = [
    "BRIEF",
    "CASE",
    "CEILINGS",
    "EXECUTED",
    "HOSTILE",
    "IDENTITY",
    "PROTOCOL",
    "as_measured",
    "asv_folder",
    "at",
    "beside_reference",
    "big_run",
    "case",
    "ceilings",
    "change",
    "commit",
    "digest_of",
    "dissected",
    "environment",
    "git",
    "gpu_run",
    "header",
    "hostile_layers",
    "in_company",
    "known_layers",
    "launch",
    "launch_request",
    "layer_profile",
    "layer_time",
    "make_repository",
    "matchup",
    "matchup_result",
    "measurement",
    "noisy",
    "noisy_launches",
    "profile",
    "reference",
    "roofline_layers",
    "run_at",
    "run_of",
    "samples",
    "save_run",
    "series_of",
    "side",
    "skip",
    "suite_run",
    "troubled_run",
]
