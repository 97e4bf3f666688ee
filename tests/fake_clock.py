"""A clock that stands still unless an iteration advances it."""

from collections.abc import Callable

from resnet_bench.profilers.clock import Marker, TimeMarker, Timing
from resnet_bench.records import TimedBy


class FakeClock:
    """A clock for tests: time stands still unless an iteration advances it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.seconds += seconds

    def now(self) -> float:
        """Return the time that tests have let pass, in seconds."""
        return self.seconds

    def pause(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.advance(seconds)

    def time(self, iterate: Callable[[], object], count: int, *, meanwhile: Callable[[], None] | None = None) -> Timing:
        """Run `count` iterations and return how far they advanced the clock."""
        del meanwhile
        start = self.seconds
        for _ in range(count):
            iterate()
        return Timing(self.seconds - start, None)

    def marker(self) -> Marker:
        """Return a marker of the time that tests let pass."""
        return TimeMarker(self.now, TimedBy.HOST_CLOCK)
