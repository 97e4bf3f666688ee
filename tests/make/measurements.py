"""Cases with their launches, from the latencies that a test is about."""

import math
import random
from collections.abc import Sequence

from resnet_bench.records import Case, Measurement, Profile
from tests.make.cases import CASE
from tests.make.launches import launch


def measurement(
    launches: Sequence[Sequence[float]], *, of: Case = CASE, profile: Profile | None = None, **more
) -> Measurement:
    made = tuple(launch(values, index=index, of=of, **more) for index, values in enumerate(launches))
    return Measurement(case=of, profile=profile, launches=made)


def noisy_launches(seed, *, center=0.010, factor=1.0, count=6, noise=0.002, samples=20):
    """Return latencies of `count` launches whose medians spread by `noise` (log-normal)."""
    rng = random.Random(seed)
    launches = []
    for _ in range(count):
        base = center * factor * math.exp(rng.gauss(0, noise))
        launches.append([base * math.exp(rng.gauss(0, 0.001)) for _ in range(samples)])
    return launches
