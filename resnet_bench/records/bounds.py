"""What a field may hold at all: a value that no measurement can have is refused where a file is read."""

from typing import Annotated

from msgspec import Meta

_DAY_S = 86_400.0
_YEAR_S = 366 * _DAY_S
_LARGEST = 1e30  # of a rate or a size: far above any machine's, far below what overflows a float

SHORTEST_S = 1e-9  # no clock tells apart what is shorter than a nanosecond
PositiveSeconds = Annotated[float, Meta(ge=SHORTEST_S, lt=_DAY_S)]
NonNegativeSeconds = Annotated[float, Meta(ge=0, lt=_DAY_S)]
Duration = Annotated[float, Meta(ge=0, lt=_YEAR_S)]  # of what a user may let run for days
PositiveNumber = Annotated[float, Meta(gt=0, lt=_LARGEST)]
NonNegativeNumber = Annotated[float, Meta(ge=0, lt=_LARGEST)]
Logarithm = Annotated[float, Meta(ge=-100, le=100)]  # of a ratio of times: a clock tells no further ones apart
Coefficient = Annotated[float, Meta(ge=0, le=2)]  # of a correction for drift; more would overflow, and none is weighed
Share = Annotated[float, Meta(ge=0, le=1)]
Decibel = Annotated[float, Meta(ge=-1e3, le=1e3)]

LARGEST_SIZE = 2**31 - 1  # of a batch or an image: what kernels index by
Size = Annotated[int, Meta(ge=1, le=LARGEST_SIZE)]
Count = Annotated[int, Meta(ge=1, lt=2**62)]
LARGEST_COUNT = 2**62 - 1
NonNegativeCount = Annotated[int, Meta(ge=0, le=LARGEST_COUNT)]
Index = Annotated[int, Meta(ge=0, le=LARGEST_SIZE)]
LARGEST_SHARDS = 100_000
ShardNumber = Annotated[int, Meta(ge=1, le=LARGEST_SHARDS)]
SchemaNumber = Annotated[int, Meta(ge=1, le=LARGEST_SIZE)]
