"""The content of a document as JSON: records under their fields' names, in base units.

What a terminal or a log would obey is written as JSON's own escapes: the data are the same.
"""

import msgspec

from resnet_bench.report.digits import certain_fields
from resnet_bench.report.document import Document
from resnet_bench.report.escaping import json as escape


def render(document: Document, _width: int | None = None) -> str:
    """Return the content as indented JSON, its floats with the digits that are certain."""
    text = msgspec.json.format(msgspec.json.encode(certain_fields(document.content())), indent=2).decode() + "\n"
    return escape(text)
