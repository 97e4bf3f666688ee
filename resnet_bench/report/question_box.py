"""The question box of a page as plain records: what can be asked, the data to answer it, and a first answer."""

from resnet_bench.analysis.confidence import CONFIDENCE
from resnet_bench.records import Record
from resnet_bench.report.figure import Figure, LimitLine
from resnet_bench.words import NO_BUDGET, sentence


class Asked(Record, frozen=True, kw_only=True):
    """One quantity that a budget may limit: its figures by case, with their bounds, in base units.

    `keys` are the columns of the results that may hold the same as `values`, `low` and `high`, "" where none does.
    """

    words: str
    base_unit: str
    unit: str
    scale: float
    exact: bool
    keys: tuple[str, str, str]
    values: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


# Where the logarithms of a case's launches lie: centre, mean, variance of the mean, degrees of freedom; of corrected
# ones also coefficient, its deviation, logarithm of the nominal speed, offset and the reference's number.
Located = tuple[float, ...]


class Ranked(Record, frozen=True, kw_only=True):
    """What to be best at; `raw` and `corrected` are None for what is exact, `sign` is the power of time in it.

    `borrowed_by` has the precision of each case for which the accuracy of fp32 stands, "" for others; see `Estimate`.
    """

    words: str
    base_unit: str
    higher: bool
    exact: bool
    keys: tuple[str, str, str]
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    raw: tuple[Located | None, ...] | None = None
    corrected: tuple[Located | None, ...] | None = None
    sign: int = 1
    borrowed_by: tuple[str, ...] = ()


class QuestionBox(Record, frozen=True, kw_only=True):
    """The box: cases by row, and the first question with its answer.

    `first_words` are the first question's limit as a figure has it, "p95 200 ms". `models` numbers the models of the
    runs in order, of each case `model_of`. `no_budget` is said where none is given.
    """

    rows: tuple[int, ...]
    names: tuple[str, ...]
    series: tuple[str, ...]
    batch: tuple[int, ...]
    launches: tuple[int, ...]
    speed: tuple[float, ...]
    models: tuple[str, ...]
    model_of: tuple[int, ...]
    asked: tuple[Asked, ...]
    ranked: tuple[Ranked, ...]
    batches: tuple[int, ...]
    first_limit: str
    first_words: str
    first_batch: int | None
    answer: tuple[str, ...]
    no_budget: str = sentence(NO_BUDGET)
    confidence: float = CONFIDENCE

    @property
    def question(self) -> str:
        """The first question in words."""
        asked, at = self.asked[0], f" at batch {self.first_batch}" if self.first_batch else ""
        return f"{asked.words} at most {self.first_limit} {asked.unit}{at}, the best for {self.ranked[0].words}:"

    @property
    def command(self) -> str:
        """The command line that asks the first question."""
        asked, at = self.asked[0], f" at batch {self.first_batch}" if self.first_batch else ""
        under = f"{asked.words} {self.first_limit} {asked.unit}{at}"
        return f'report RUN --best --under "{under}" --for "{self.ranked[0].words}"'

    def line_in(self, figure: Figure) -> LimitLine | None:
        """Return the first question's limit as a line in a figure of what it limits, None in another one."""
        if figure.budget_unit != self.asked[0].base_unit or self.first_batch not in {None, figure.budget_batch}:
            return None
        return LimitLine(at=float(self.first_limit), words=figure.limit_words(self.first_words))
