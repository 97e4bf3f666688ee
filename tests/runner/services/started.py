"""Services of a test's own: started in a folder, waited for, and ended by their process."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import time

import pytest


def needs(package, *commands, root=False):
    """Skip where a Debian package is not installed, or needs rights that are not here; in CI that is a failure."""
    missing = [name for name in commands if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None]
    if missing and os.environ.get("CI"):
        pytest.fail(f"{missing[0]} is not here: .ci/run installs {package}")
    if missing:
        pytest.skip(f"needs {package} ({missing[0]})")
    if root and os.geteuid() != 0:
        pytest.skip(f"{package} need the rights of root")


# None that the system gives to whoever asks for any (from 32768 on), or Ray to its workers (below 20000): the service
# takes it seconds later, and tests beside this one ask for hundreds.
_ports = iter(random.SystemRandom().sample(range(20_000, 32_000), 12_000))


def free_port():
    while True:
        port = next(_ports)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def answers(port):
    """Say whether somebody listens on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


@contextlib.contextmanager
def service(command, log, **options):
    """Run a service in the foreground; what it says goes to a file."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, **options)
        try:
            yield process
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
            process.wait()


def until(what, is_so, log, limit_s=120.0):
    """Wait until something is so."""
    deadline = time.monotonic() + limit_s
    while not is_so():
        if time.monotonic() > deadline:
            pytest.fail(f"{what} after {limit_s:.0f} s: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)
