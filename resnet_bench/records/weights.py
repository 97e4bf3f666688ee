"""Which weights a model is to have, as one word: `best.pth`, `https://host/best.pth#raw`, `IMAGENET1K_V2#partial`."""

from resnet_bench.records.base import Record

_RAW, _PARTIAL = "raw", "partial"


class WeightsChoice(Record, frozen=True, kw_only=True):
    """A file, a URL or a published name.

    `raw` leaves averaged weights (EMA) out where a checkpoint holds both; `partial` loads what fits and leaves the rest
    as it was drawn.
    """

    source: str
    raw: bool = False
    partial: bool = False

    def __str__(self) -> str:
        return self.source + (f"#{_RAW}" if self.raw else "") + (f"#{_PARTIAL}" if self.partial else "")

    @property
    def is_url(self) -> bool:
        """Whether it is fetched."""
        return self.source.startswith(("http://", "https://"))


def parse(text: str) -> WeightsChoice:
    """Read a choice; any text is one."""
    source, found = text.strip(), set()
    while True:
        rest, mark, word = source.rpartition("#")
        if not mark or word not in {_RAW, _PARTIAL}:
            return WeightsChoice(source=source, raw=_RAW in found, partial=_PARTIAL in found)
        source = rest
        found.add(word)
