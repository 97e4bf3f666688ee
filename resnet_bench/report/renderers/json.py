"""The content of a document as JSON: records under their fields' names, in base units."""

import msgspec

from resnet_bench.report.digits import certain_fields
from resnet_bench.report.document import Document


def render(document: Document, _width: int | None = None) -> str:
    """Return the content as indented JSON, its floats with the digits that are certain."""
    return msgspec.json.format(msgspec.json.encode(certain_fields(document.content())), indent=2).decode() + "\n"
