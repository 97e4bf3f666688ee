"""What is left of a sweep: its launches in their order, a lane for each machine, and how long they will take."""

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import NamedTuple

from resnet_bench.records import Case, Launch
from resnet_bench.runner.plan import Slot


class Pending(NamedTuple):
    """A launch to be made, and how often it was tried before."""

    slot: Slot
    attempt: int = 0


class _Lane:
    """Launches that wait for each other; those that were begun still count as left."""

    def __init__(self) -> None:
        self.queue: deque[Pending] = deque()
        self.left: Counter[Case] = Counter()
        self.took_s = 0.0  # of those left whose case has been measured before
        self.guessed_s = 0.0  # of the others, as the plan has it


class WorkLeft:
    """Launches by lane. `lane_of` says which one a case is in, `guess_s` how long a launch of it may take."""

    def __init__(
        self, slots: Iterable[Slot], *, lane_of: Callable[[Case], str], guess_s: Callable[[Case], float]
    ) -> None:
        self._lane_of = lane_of
        self._guess_s = guess_s
        self._guesses: dict[Case, float] = {}
        self._took: dict[Case, float] = {}
        self._given_up: set[Case] = set()
        self._guessed_s = self._needed_s = 0.0
        self._measured = self._again = 0
        self._lanes: dict[str, _Lane] = {}
        for slot in slots:
            self.add(Pending(slot))

    def add(self, task: Pending) -> None:
        """Put a launch behind the others of its lane."""
        lane = self._lanes.setdefault(self._lane_of(task.slot.case), _Lane())
        lane.queue.append(task)
        self._count(lane, task.slot.case, 1)

    def take(self, has_room: Callable[[str], bool]) -> Pending | None:
        """Return the next launch of the first lane that has room; None where there is none."""
        for name, lane in self._lanes.items():
            while lane.queue and has_room(name):
                task = lane.queue.popleft()
                if task.slot.case not in self._given_up:
                    return task
        return None

    def ended(self, case: Case) -> None:
        """Take a launch that was begun off what is left."""
        if case not in self._given_up:
            self._count(self._lanes[self._lane_of(case)], case, -1)

    def learn(self, entry: Launch, *, again: bool = False) -> None:
        """Take in what a launch took, and whether it is made again: others may be too."""
        self._measured += 1
        self._again += again
        case, lane = entry.case, self._lanes[self._lane_of(entry.case)]
        left = lane.left[case]
        self._count(lane, case, -left)
        self._took[case] = entry.duration_s
        self._count(lane, case, left)
        self._guessed_s += self._guess(case)
        self._needed_s += entry.duration_s

    def give_up(self, case: Case) -> None:
        """Make no further launch of a case."""
        lane = self._lanes[self._lane_of(case)]
        self._count(lane, case, -lane.left[case])
        self._given_up.add(case)

    def give_up_lane(self, name: str) -> list[Slot]:
        """Make no further launch of a lane, and return the first of each case that will not be made."""
        waiting = [task.slot for task in self._lanes[name].queue if task.slot.case not in self._given_up]
        first = {slot.case: slot for slot in reversed(waiting)}
        for case in first:
            self.give_up(case)
        return [first[case] for case in dict.fromkeys(slot.case for slot in waiting)]

    def is_done(self, case: Case) -> bool:
        """Say whether no launch of the case is left."""
        return not self._lanes[self._lane_of(case)].left[case]

    @property
    def remaining_s(self) -> float:
        """About how long what is left will take: as long as the longest lane, with as many repeats as so far."""
        scale = self._needed_s / self._guessed_s if self._guessed_s else 1.0
        once = max((lane.took_s + scale * lane.guessed_s for lane in self._lanes.values()), default=0.0)
        return once * (1 + self._again / self._measured) if self._measured else once

    def _count(self, lane: _Lane, case: Case, change: int) -> None:
        lane.left[case] += change
        if case in self._took:
            lane.took_s += change * self._took[case]
        else:
            lane.guessed_s += change * self._guess(case)

    def _guess(self, case: Case) -> float:
        if case not in self._guesses:
            self._guesses[case] = self._guess_s(case)
        return self._guesses[case]
