"""Of which figures the spread is by which a case is called noisy: corrected ones where a reference stood beside it."""

from collections.abc import Sequence

from resnet_bench.analysis.results import Result


def of_which_figures(results: Sequence[Result]) -> str:
    """Return "corrected for drift" where all spreads are, of how many where some are, "" where none is."""
    known = [it.latency for it in results if it.latency is not None and it.spread is not None]
    corrected = sum(it.corrected is not None for it in known)
    if not corrected:
        return ""
    return "corrected for drift" if corrected == len(known) else f"{corrected:,} of {len(known):,} corrected for drift"
