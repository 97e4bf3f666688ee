"""The calibration file: what `calibrate` learnt here."""

from collections.abc import Iterable
from pathlib import Path

from resnet_bench.errors import StoreError
from resnet_bench.records.calibration import Calibration
from resnet_bench.records.conclusions import check_widths
from resnet_bench.storage import reading, record_file

DEFAULT_FILE = Path("reports/calibration.json")
_OF_MACHINES = "calibration-"
_MISFIT = "not a calibration file (write it anew with resnet-bench calibrate)"


def present(path: Path) -> bool:
    """Return whether there is a calibration; the default file may be absent, one that was named may not.

    Raises:
        StoreError: a file that is not the default one does not exist.
    """
    if reading.is_there(path):
        return True
    if path != DEFAULT_FILE and path != of_machine(DEFAULT_FILE, path.stem.removeprefix(_OF_MACHINES)):
        raise StoreError(f"no calibration file {path}; write it with resnet-bench calibrate --calibration {path}.")
    return False


def of_machine(path: Path, identity: str) -> Path:
    """Return where the calibration of another machine than this one lies: beside the default file, if that is meant."""
    return DEFAULT_FILE.with_name(f"{_OF_MACHINES}{identity}.json") if identity and path == DEFAULT_FILE else path


def kept_for(path: Path, identities: Iterable[str]) -> Path:
    """Return the file of the first of some machines that has one of its own, else `path`."""
    own = (of_machine(path, identity) for identity in identities)
    return next((it for it in own if it != path and reading.is_there(it)), path)


def is_one(path: Path) -> bool:
    """Return whether a file holds a calibration."""
    try:
        read(path)
    except StoreError:
        return False
    return True


def read(path: Path) -> Calibration:
    """Read a calibration file.

    Raises:
        StoreError: it cannot be read or does not fit.
    """
    found = record_file.read(path, Calibration, misfit=_MISFIT)
    paired = () if found.paired_band is None else (found.paired_band,)
    check_widths((*(band.width for band in found.bands), *paired), f"{path} is {_MISFIT}")
    return found
