"""Nothing of the developer's own shell may change what a test measures."""

import os

for name in [name for name in os.environ if name.startswith("RESNET_BENCH_")]:
    del os.environ[name]
