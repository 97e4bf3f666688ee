"""What a command prints as plain records: sections, tables, figures' data and notes. No HTML, no colour, no plotly.

Every renderer reads this one `Document`; what is not in it is printed in no form. Values are in base units;
`resnet_bench.report.cells` makes text of them.
"""

from collections.abc import Callable
from enum import StrEnum

from resnet_bench.records import Record
from resnet_bench.report.figure import Figure, LimitLine
from resnet_bench.report.given_baseline import GivenBaseline
from resnet_bench.report.question_box import QuestionBox
from resnet_bench.report.table import Table


class Passage(Record, frozen=True, kw_only=True):
    """A heading with paragraphs inside a section; `downloads` are tables that the page offers to save there."""

    title: str
    paragraphs: tuple[str, ...]
    downloads: tuple[str, ...] = ()


class Prominence(StrEnum):
    """How far a section goes: MAIN is shown in every form, Markdown folds SUPPORT, and text leaves PAGE out."""

    MAIN = "main"
    SUPPORT = "support"
    PAGE = "page"


class Section(Record, frozen=True, kw_only=True):
    """One part of the document, in the order text, figures, tables, lines, folded tables, blocks.

    `lines` are statements that stand alone, one a line. Folded tables and blocks are for pages.
    """

    id: str
    title: str
    prominence: Prominence = Prominence.MAIN
    paragraphs: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    lines: tuple[str, ...] = ()
    folded: tuple[Table, ...] = ()
    blocks: tuple[Passage, ...] = ()

    def caption_of(self, table: Table) -> str:
        """Return what is said above a table: nothing where the section's title says it, or the document's alone."""
        alone = not self.title and len(self.tables) == 1
        return "" if alone or table.caption == self.title else table.caption


class Fact(Record, frozen=True, kw_only=True):
    """One line of a header: a label and its value; `in_text` says whether the terminal shows it too."""

    label: str
    value: str
    in_text: bool = True


class RunHeader(Record, frozen=True, kw_only=True):
    """One run: its label in this report, the heading of its facts where they fold, and what was measured where."""

    label: str
    heading: str
    id: str
    facts: tuple[Fact, ...]


class Severity(StrEnum):
    """How much a health statement matters."""

    GOOD = "good"
    NOTICE = "notice"
    BAD = "bad"


class Health(Record, frozen=True, kw_only=True):
    """One statement of the health line."""

    severity: Severity
    text: str


class Note(Record, frozen=True, kw_only=True):
    """A warning as a numbered footnote, and how many cases carry it."""

    number: int
    text: str
    cases: int


class Document(Record, frozen=True, kw_only=True):
    """All that a command has to say.

    `content` gives what JSON holds, records under their fields' names or tables, and `rows` the rows that CSV holds:
    both are made when they are asked for, since a history has a million points. A document of cases has `results`,
    every case in long form, by which the page filters, and `summary`, what people see of them, with a section's
    prominence; `launches` has every launch. `constants` says what is the same in all cases. `kind` is the command.
    A page's first screen has `trust`, how far figures can be trusted, `decision`, its question box, and the figure
    `lead`; its `glossary` explains words, and its rows may be seen as ratios to `baselines`.
    """

    title: str
    kind: str
    content: Callable[[], object]
    rows: Callable[[], Table]
    runs: tuple[RunHeader, ...] = ()
    health: tuple[Health, ...] = ()
    finding: str = ""
    constants: str = ""
    results: Table | None = None
    launches: Table | None = None
    summary: Table | None = None
    summary_prominence: Prominence = Prominence.MAIN
    sections: tuple[Section, ...] = ()
    notes: tuple[Note, ...] = ()
    trust: Health | None = None
    decision: QuestionBox | None = None
    lead: str = ""
    glossary: tuple[tuple[str, str], ...] = ()
    baselines: tuple[GivenBaseline, ...] = ()

    @property
    def lead_figure(self) -> Figure | None:
        """The figure that stands on a page's first screen, and not in its section."""
        return next((it for section in self.sections for it in section.figures if it.id == self.lead), None)

    def limit_in(self, figure: Figure) -> LimitLine | None:
        """The limit of the question box as a line in a figure, None where it has none."""
        return self.decision.line_in(figure) if self.decision else None

    @property
    def headline_table(self) -> Table | None:
        """The summary where it is shown in every form, and not on the page alone."""
        return None if self.summary_prominence is Prominence.PAGE else self.summary
