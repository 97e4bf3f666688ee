"""When this process began, and with which cores: imported first by its entry, before anything that takes time."""

import datetime as dt
import time

BEGAN_S = time.perf_counter()
BEGAN_AT = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")

from resnet_bench.machine.environment import logical_cores  # noqa: E402 - the clock goes first

logical_cores()  # kept from before torch: threads that are bound to cores would leave one to count
