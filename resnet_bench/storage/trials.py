"""Trials of a search, saved in the run's folder as they end: the same command on that folder goes on from there."""

from pathlib import Path

from resnet_bench.records import Attempt, Case, SearchStop, Trial
from resnet_bench.storage import run_directory


class TrialLog:
    """The trials that one folder holds of one way to search: machine, commit and limits as configured.

    `warnings` say which lines were set aside.
    """

    def __init__(self, directory: Path, *, way: str) -> None:
        self._directory = directory
        self._way = way
        found = run_directory.load_trials(directory)
        self._attempts = [attempt for attempt in found.entries if attempt.way == way]
        self.warnings = found.warnings

    def __len__(self) -> int:
        return len(self._attempts)

    def memory_limit_bytes(self, case: Case) -> int | None:
        """Return the limit that earlier trials of a case had, None where there are none or they had none."""
        found = (it for it in self._attempts if it.case.with_batch_size(case.batch_size) == case)
        return next((attempt.memory_limit_bytes for attempt in found), None)

    def get(self, case: Case) -> tuple[Trial, SearchStop | None] | None:
        """Return what an earlier trial of a case at its batch size gave."""
        return next(((attempt.trial, attempt.stop) for attempt in self._attempts if attempt.case == case), None)

    def add(self, case: Case, trial: Trial, stop: SearchStop | None, memory_limit_bytes: int | None) -> None:
        """Save a trial.

        Raises:
            StoreError: the folder cannot be written.
        """
        attempt = Attempt(case=case, way=self._way, trial=trial, stop=stop, memory_limit_bytes=memory_limit_bytes)
        run_directory.append_trial(self._directory, attempt)
        self._attempts.append(attempt)
