"""What a converter refused, in words: the operators that it names anywhere in its reasons, else its own first line."""

import re

from resnet_bench.errors import in_words, text_of
from resnet_bench.words import listed

_OPERATOR = re.compile(r"\b(?:aten|prims|torchvision)(?:\.|::)\w+")
_COLOUR = re.compile(r"\x1b\[\d*m")


def why(error: BaseException, *, wanting: str) -> str:
    """Return "it has no ONNX for aten.x" where operators are named, `wanting` being what they lack."""
    seen: list[BaseException] = []
    chain: BaseException | None = error
    while chain is not None and chain not in seen:
        seen.append(chain)
        chain = chain.__cause__ or chain.__context__
    named = list(dict.fromkeys(name.replace("::", ".") for it in seen for name in _OPERATOR.findall(text_of(it))))
    return f"it has no {wanting} for {listed(named)}." if named else _COLOUR.sub("", in_words(seen[-1]))
