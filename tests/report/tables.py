"""A document of one value."""

from resnet_bench.report.document import Document
from resnet_bench.report.rows import objects
from resnet_bench.report.table import Column, ColumnKind, Table, Value


def of_value(value: Value) -> Document:
    column = Column(key="x", title="x", kind=ColumnKind.NUMBER)
    table = Table(id="t", caption="", columns=(column,), rows=((value,),), shown=("x",))
    return Document(title="", kind="", content=lambda: objects(table), rows=lambda: table)
