"""For all tests: no variable or cache of the developer counts; gpu tests skip, or fail where one is required."""

import os
import secrets

import psutil
import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("tests.goldens")

# How long an example takes is the machine's affair: it may be busy.
settings.register_profile("busy", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# Workers share the cores: threads that wait for each other there took four times the processor's time.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# COLUMNS would cut what is printed, and pytest's workers have it.
for name in [name for name in os.environ if name.startswith("RESNET_BENCH_") or name == "COLUMNS"]:
    del os.environ[name]


def pytest_addoption(parser):
    parser.addoption("--require-gpu", action="store_true", help="fail where there is no CUDA device, rather than skip")


def pytest_configure(config):
    if config.getoption("--require-gpu") and not has_cuda():
        pytest.exit("no CUDA device that torch can use is here: the gpu tests would test nothing", returncode=1)


@pytest.fixture(autouse=True)
def _gpu_where_one_is_needed(request):
    if request.node.get_closest_marker("gpu") and not has_cuda():
        pytest.skip("needs a CUDA device")


def has_cuda() -> bool:
    import torch  # slow, and only for these

    return torch.cuda.is_available()


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory):
    """Measured ceilings go to a folder of this session, from child processes too: the first run measures for all."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before


@pytest.fixture
def family(monkeypatch):
    """Give what finds the processes that were started in a test: those whose environment says so."""
    mark, token = "FAMILY_OF_A_TEST", secrets.token_hex(8)
    monkeypatch.setenv(mark, token)

    def living():
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(mark) == token and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                pass
        return [it for it in found if it.pid != os.getpid()]

    yield living
    for process in living():
        process.kill()


@pytest.fixture
def brief_turns(monkeypatch):
    """The turns of a launch pair end after a quarter of a second, not after one: where ratios of two are to be seen."""
    from functools import partial

    from resnet_bench.runner import live

    monkeypatch.setattr(live, "Terms", partial(live.Terms, turns_s=0.25))
