"""A caching allocator as torch's is: rounded blocks cut from segments, kept when freed, graphs with pools of their own.

The constants are those of c10/cuda/CUDACachingAllocator.cpp.
"""

from dataclasses import dataclass

ROUND = 512
SMALL = 2**20  # up to here blocks come from small segments
SMALL_SEGMENT, LARGE_SEGMENT = 2 * 2**20, 20 * 2**20
LEAST_OWN_SEGMENT = 10 * 2**20  # from here a block has a segment of its own
OWN_SEGMENT_ROUND = 2 * 2**20
DEFAULT = ""


@dataclass(eq=False)
class Block:
    """A part of a segment; `left` and `right` are its neighbours in it."""

    size: int
    pool: str
    small: bool
    free: bool = True
    left: "Block | None" = None
    right: "Block | None" = None


class OutOfRoomError(Exception):
    """The card has no room for a segment."""


class Allocator:
    """Counts bytes as torch.cuda.memory_stats does: blocks as they are, a large block's remainder included."""

    def __init__(self, memory_bytes: int) -> None:
        self.memory_bytes = memory_bytes
        self.allocated = self.peak_allocated = self.reserved = self.peak_reserved = 0
        self._blocks: list[Block] = []

    def reset_peaks(self) -> None:
        self.peak_allocated, self.peak_reserved = self.allocated, self.reserved

    def allocate(self, size: int, pool: str = DEFAULT) -> Block:
        """Return a block for so many bytes.

        Raises:
            OutOfRoomError: there is no room, not even after giving back what is cached.
        """
        rounded = max(ROUND, -(-size // ROUND) * ROUND)
        small = rounded <= SMALL
        fitting = [
            it for it in self._blocks if it.free and it.pool == pool and it.small == small and it.size >= rounded
        ]
        block = min(fitting, key=lambda it: it.size, default=None) or self._segment(rounded, pool, small=small)
        rest = block.size - rounded
        if rest >= ROUND if small else rest > SMALL:
            self._split(block, rounded)
        block.free = False
        self.allocated += block.size
        self.peak_allocated = max(self.peak_allocated, self.allocated)
        return block

    def give_back(self, block: Block) -> None:
        """Keep a block for whoever comes next, joined with its free neighbours."""
        self.allocated -= block.size
        block.free = True
        for neighbour in (block.left, block.right):
            if neighbour is not None and neighbour.free:
                self._join(block, neighbour)

    def empty(self) -> None:
        """Give segments that nobody uses back to the card."""
        for block in [it for it in self._blocks if it.free and it.left is None and it.right is None]:
            self._blocks.remove(block)
            self.reserved -= block.size

    def _segment(self, rounded: int, pool: str, *, small: bool) -> Block:
        if small:
            size = SMALL_SEGMENT
        elif rounded < LEAST_OWN_SEGMENT:
            size = LARGE_SEGMENT
        else:
            size = -(-rounded // OWN_SEGMENT_ROUND) * OWN_SEGMENT_ROUND
        if self.reserved + size > self.memory_bytes:
            self.empty()
        if self.reserved + size > self.memory_bytes:
            raise OutOfRoomError(f"tried to allocate {size} bytes")
        block = Block(size, pool, small)
        self._blocks.append(block)
        self.reserved += size
        self.peak_reserved = max(self.peak_reserved, self.reserved)
        return block

    def _split(self, block: Block, size: int) -> None:
        rest = Block(block.size - size, block.pool, block.small, left=block, right=block.right)
        if block.right is not None:
            block.right.left = rest
        block.size, block.right = size, rest
        self._blocks.append(rest)

    def _join(self, block: Block, neighbour: Block) -> None:
        block.size += neighbour.size
        if neighbour is block.left:
            block.left = neighbour.left
            if block.left is not None:
                block.left.right = block
        else:
            block.right = neighbour.right
            if block.right is not None:
                block.right.left = block
        self._blocks.remove(neighbour)
