"""What commands print beside their results."""

import sys
from collections.abc import Iterable


def warn(texts: Iterable[str]) -> None:
    """Print each distinct warning once, on standard error."""
    for text in dict.fromkeys(texts):
        print(f"warning: {text}", file=sys.stderr)
