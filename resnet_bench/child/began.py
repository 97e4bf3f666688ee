"""When this process began: imported first by its entry, before anything that takes time."""

import datetime as dt
import time

BEGAN_S = time.perf_counter()
BEGAN_AT = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
