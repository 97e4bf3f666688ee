"""The calibration file: what `calibrate` learnt here."""

from pathlib import Path

from resnet_bench.errors import StoreError
from resnet_bench.records.calibration import Calibration
from resnet_bench.records.conclusions import check_widths
from resnet_bench.storage import reading, record_file

DEFAULT_FILE = Path("reports/calibration.json")
_MISFIT = "not a calibration file (write it anew with resnet-bench calibrate)"


def present(path: Path) -> bool:
    """Return whether there is a calibration; the default file may be absent, one that was named may not.

    Raises:
        StoreError: a file that is not the default one does not exist.
    """
    if reading.is_there(path):
        return True
    if path != DEFAULT_FILE:
        raise StoreError(f"no calibration file {path}; write it with resnet-bench calibrate --calibration {path}.")
    return False


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
