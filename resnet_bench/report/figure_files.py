"""A document's figures as files: SVG by ourselves, PNG and PDF from it by cairosvg, where that is installed."""

import importlib.util
from pathlib import Path

from resnet_bench.report.document import Document
from resnet_bench.report.svg.drawing import svg
from resnet_bench.storage import files, outputs

EXTRA = "PNG and PDF need cairosvg: pip install 'resnet-bench[figures]'."
_PNG_SCALE = 2.0


def write(document: Document, folder: Path) -> list[Path]:
    """Write each figure into the folder, under its id, and return the files.

    Raises:
        StoreError: a file cannot be written, or is none of ours; then nothing is.
    """
    drawn = [(figure.id, svg(figure, alone=True)) for section in document.sections for figure in section.figures]
    files.make_folder_of(folder / "figure")
    suffixes = (".svg", ".png", ".pdf") if converts() else (".svg",)
    for name, _ in drawn:
        for suffix in suffixes:
            outputs.check(folder / f"{name}{suffix}")
    found = [outputs.write(folder / f"{name}.svg", content) for name, content in drawn]
    if not converts():
        return found
    import cairosvg  # noqa: PLC0415 - an extra

    for name, content in drawn:
        png = cairosvg.svg2png(bytestring=content.encode(), scale=_PNG_SCALE)
        pdf = cairosvg.svg2pdf(bytestring=content.encode())
        found.append(files.whole(folder / f"{name}.png", outputs.marked_png(png)))
        found.append(files.whole(folder / f"{name}.pdf", outputs.marked_pdf(pdf)))
    return found


def converts() -> bool:
    """Say whether PNG and PDF can be written."""
    return importlib.util.find_spec("cairosvg") is not None
