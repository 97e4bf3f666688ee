"""What goes into a model: tensors as text, one word for one input, so that a case, a flag and a suite file agree.

3x224x320                  one tensor; the batch comes first and is not written
3x224x224+1x14x14          two, in this order
image=3x224x224+mask=1x224x224:bool   by keyword, and of another type than the precision's
128:int64                  numbers 0 and 1, which any table of embeddings holds
[3x800x1066]               a list of so many tensors as the batch is large, as detection models take
my.data:batch              what a function gives when it is called with the batch size
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from resnet_bench.records.base import Record
from resnet_bench.records.bounds import LARGEST_SIZE

CHANNELS = 3


class InputType(StrEnum):
    """Types that an input may be of, by torch's names; without one it is of the precision's."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT64 = "float64"
    INT64 = "int64"
    INT32 = "int32"
    UINT8 = "uint8"
    BOOL = "bool"

    @property
    def is_floating(self) -> bool:
        """Whether it holds fractions."""
        return "float" in self.value


class InputTensor(Record, frozen=True, kw_only=True):
    """One tensor of an input; `shape` is without the batch. `listed` is a list of single ones in place of a batch."""

    shape: tuple[int, ...]
    keyword: str = ""
    dtype: InputType | None = None
    listed: bool = False

    def __str__(self) -> str:
        said = "x".join(map(str, self.shape)) + (f":{self.dtype}" if self.dtype else "")
        return (f"{self.keyword}=" if self.keyword else "") + (f"[{said}]" if self.listed else said)


class ModelInput(Record, frozen=True, kw_only=True):
    """Everything that a model is called with: tensors, or a function that makes them."""

    tensors: tuple[InputTensor, ...] = ()
    function: str = ""

    def __str__(self) -> str:
        return self.function or "+".join(map(str, self.tensors))

    @property
    def image_size(self) -> int:
        """Pixels a side: the last dimension of the first tensor; 0 where a function decides."""
        return self.tensors[0].shape[-1] if self.tensors else 0

    def sized(self, image_size: int) -> "ModelInput":
        """Return the same with images of so many pixels a side: the last two dimensions of each that has them."""
        tensors = tuple(
            msgspec.structs.replace(it, shape=(*it.shape[:-2], image_size, image_size)) if len(it.shape) > 2 else it  # noqa: PLR2004 - channels, height, width
            for it in self.tensors
        )
        return msgspec.structs.replace(self, tensors=tensors)

    @property
    def is_one_batch_of_numbers(self) -> bool:
        """Whether it is one tensor of fractions, with the batch first: images, clips or vectors."""
        return len(self.tensors) == 1 and not self.tensors[0].listed and self.tensors[0].dtype is None

    @property
    def smallest_side(self) -> int:
        """Pixels of the shorter side of the first tensor; 0 where a function decides."""
        return min(self.tensors[0].shape[-2:]) if self.tensors else 0

    @property
    def short(self) -> str:
        """What a case says beside its image size: nothing for square RGB images, which need no more."""
        return "" if self == square(self.image_size) else str(self)


_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_TENSOR = re.compile(
    r"(?:(?P<keyword>[A-Za-z_]\w*)=)?(?P<open>\[)?(?P<shape>\d+(?:x\d+)*)(?::(?P<dtype>\w+))?(?P<close>\])?"
)


def square(image_size: int) -> ModelInput:
    """Return the input of RGB images of so many pixels a side."""
    return ModelInput(tensors=(InputTensor(shape=(CHANNELS, image_size, image_size)),))


def parse(text: str) -> ModelInput:
    """Read an input.

    Raises:
        ValueError: it is none.
    """
    said = text.strip()
    if _FUNCTION.fullmatch(said):
        return ModelInput(function=said)
    tensors = tuple(_tensor(part.strip()) for part in said.split("+"))
    keywords = [tensor.keyword for tensor in tensors]
    named = [keyword for keyword in keywords if keyword]
    if len(named) != len(set(named)) or "" in keywords[len(keywords) - len(named) :]:
        raise ValueError(f"'{text}': a keyword stands once, and after what has none")
    return ModelInput(tensors=tensors)


def of(short: str, image_size: int) -> ModelInput:
    """Return the input of a case or profile, which say `short` and `image_size`."""
    return parse(short) if short else square(image_size)


def in_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a case that may say an input as `parse` reads it, with what a case says in its place."""
    if not fields.get("input"):
        return dict(fields)
    wanted = parse(fields["input"])
    return {**fields, "image_size": wanted.image_size, "input": wanted.short}


def _tensor(text: str) -> InputTensor:
    found = _TENSOR.fullmatch(text)
    if found is None or bool(found["open"]) != bool(found["close"]):
        raise ValueError(f"'{text}' is no shape")
    shape = tuple(map(int, found["shape"].split("x")))
    if not all(1 <= size <= LARGEST_SIZE for size in shape):
        raise ValueError(f"'{text}': sizes are from 1 to {LARGEST_SIZE}")
    dtype = InputType(found["dtype"]) if found["dtype"] else None
    return InputTensor(shape=shape, keyword=found["keyword"] or "", dtype=dtype, listed=bool(found["open"]))
