"""Text that would be more than text where somebody reads it as such, and a document that has it everywhere."""

from resnet_bench.report.document import Document, Fact, Health, Note, Passage, RunHeader, Section, Severity
from resnet_bench.report.rows import objects
from resnet_bench.report.table import Column, ColumnKind, Table

NAMES = (
    "</script><img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](http://127.0.0.1:1/x.png)",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "]]><x>",
    "&lt;&#60;&amp;",
    "--><!--",
    "::error title=x::pwned",
    "  ::add-mask::resnet",
    "\u00a0::stop-commands::x",
    "a\n::error::x\r\n::set-output name=x::y",
    "##[error]x",
    "a ##[add-mask]b",
    "=1+1",
    '=HYPERLINK("http://127.0.0.1:1","x")',
    "+1+1",
    "-1+1",
    "@SUM(1,1)",
    "\t=1+1",
    " =1+1",
    "\uff1d1+1",
    "\x1b[2J\x1b[31mred",
    "\x1b]0;title\x07",
    "\x9b2J",
    "\x08\x08\x08back",
    "\r\nsecond line",
    "\u2028line\u2029paragraph",
    "\u202eright to left",
    "\u200b\ufeffnothing",
    "\ud800\udfff",
    "\x00\ufffe\uffff",
    "@everyone #1 owner/name",
    "`code` ``` | pipe | *bold* _under_ ~~x~~",
    "$x^2$ \\input{/etc/passwd} %",
    "http://127.0.0.1:1/",
    "x" * 500,
    "",
)


def document(*texts: str) -> Document:
    """Return a document with these texts wherever a document has text of any origin."""
    columns = tuple(
        Column(key=kind.value, title=kind.value, kind=kind, group=texts[0], help=texts[0], facet=True)
        for kind in (ColumnKind.NAME, ColumnKind.TEXT, ColumnKind.STATUS, ColumnKind.VERDICT, ColumnKind.FIGURE)
    )
    rows = tuple((text,) * len(columns) for text in texts)
    shown = tuple(column.key for column in columns)

    def table(name: str) -> Table:
        return Table(id=name, caption=texts[-1], columns=columns, rows=rows, shown=shown)

    facts = tuple(Fact(label="model", value=text) for text in texts)
    return Document(
        title=" ".join(texts),
        kind="report",
        content=lambda: objects(table("content")),
        rows=lambda: table("rows"),
        runs=tuple(RunHeader(label=text, heading=text, id=f"run{at}", facts=facts) for at, text in enumerate(texts)),
        health=tuple(Health(severity=Severity.NOTICE, text=text) for text in texts),
        finding=" ".join(texts),
        constants=", ".join(texts),
        results=table("results"),
        summary=table("summary"),
        sections=(
            Section(
                id="section",
                title=texts[0],
                paragraphs=texts,
                tables=(table("first"), table("second")),
                lines=texts,
                folded=(table("folded"),),
                blocks=(Passage(title="block", paragraphs=texts),),
            ),
        ),
        notes=tuple(Note(number=at, text=text, cases=at) for at, text in enumerate(texts, start=1)),
    )
