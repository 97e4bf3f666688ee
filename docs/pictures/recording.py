"""The README's recording of a terminal: `python docs/pictures/recording.py`, a minute.

Real commands in a real pseudo-terminal; only waiting is cut, so that all of it takes 20 seconds. The machine's ceilings
are measured before: a first run says that it measures them.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from html import escape
from pathlib import Path

import pyte

HERE = Path(__file__).parent
COMMANDS = (
    "resnet-bench profile resnet18 resnet50 | head -14",
    "resnet-bench run --models resnet18,resnet50 --batch-sizes 1 --launches 4 -o base",
    'resnet-bench report base --best --under "latency p95 200 ms at batch 1" --for accuracy',
)
COLUMNS, LINES = 100, 28
SECONDS, LONGEST_GAP_S, READ_S = 20.0, 0.5, 2.2
KEY_S, FRAME_S = 0.03, 0.12
CELL_PX, ROW_PX, FONT_PX, EDGE_PX = 7.83, 17, 13, 14
INK, GROUND, SOFT = "#d7dde4", "#14181d", "#8b949e"
COLOURS = {
    "black": "#484f58",
    "red": "#ff9b80",
    "green": "#5fd3a8",
    "brown": "#e9bd62",
    "yellow": "#e9bd62",
    "blue": "#79b8f2",
    "magenta": "#d2a8ff",
    "cyan": "#76d9e6",
    "white": "#e7eaee",
}


def main():
    """Record and draw."""
    (HERE / "recording.svg").write_text(drawn(recorded(COMMANDS)), encoding="utf-8")


def recorded(commands):
    """Run commands one after the other and return what they wrote, with its time; keys are pressed in between."""
    events, now = [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in _ran("resnet-bench machine --ceilings --threads 1", folder):
            pass
        for command in commands:
            for text in ("\x1b[32m$\x1b[0m ", *command, "\r\n"):
                now += KEY_S
                events.append((now, text))
            began = time.monotonic()
            events += [(now + at - began, text) for at, text in _ran(command, folder)]
            now = events[-1][0] + READ_S
            events.append((now, "\r\n"))
    return events


def _ran(command, folder):
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    variables = os.environ | {"PATH": beside, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    variables |= {"XDG_CACHE_HOME": folder}
    process = subprocess.Popen(
        ["bash", "-c", command], stdin=follower, stdout=follower, stderr=follower, cwd=folder, env=variables
    )
    os.close(follower)
    while True:
        ready, _, _ = select.select([leader], [], [], 0.1)
        if ready:
            try:
                data = os.read(leader, 65536)
            except OSError:  # the other end is closed
                break
            yield time.monotonic(), data.decode(errors="replace")
        elif process.poll() is not None:
            break
    os.close(leader)
    if process.wait():
        sys.exit(f"{command} ended with {process.returncode}")


def drawn(events):
    """Return the recording as an SVG: each screen a picture of a film strip, which moves in steps."""
    frames = screens(shortened(events))
    rows = list(dict.fromkeys(row for _, screen in frames for row in screen if row))
    of = {row: number for number, row in enumerate(rows)}
    width, height = round(COLUMNS * CELL_PX) + 2 * EDGE_PX, LINES * ROW_PX
    strip = "".join(
        f'<use href="#r{of[row]}" y="{frame * height + line * ROW_PX}"/>'
        for frame, (_, screen) in enumerate(frames)
        for line, row in enumerate(screen)
        if row
    )
    total = frames[-1][0] + READ_S
    steps = "".join(
        f"{at / total * 100:.3f}%{{transform:translateY(-{n * height}px)}}" for n, (at, _) in enumerate(frames)
    )
    last = f"translateY(-{(len(frames) - 1) * height}px)"
    style = (
        f"text{{font:{FONT_PX}px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre;fill:{INK}}}"
        f".film{{animation:film {total:.1f}s step-end infinite}}@keyframes film{{{steps}100%{{transform:{last}}}}}"
        f"@media(prefers-reduced-motion:reduce){{.film{{animation:none;transform:{last}}}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 2 * EDGE_PX}" width="{width}" '
        f'height="{height + 2 * EDGE_PX}" role="img"><title>resnet-bench in a terminal: {escape("; ".join(COMMANDS))}'
        f"</title><style>{style}</style><defs>{''.join(map(_row, of.values(), rows))}</defs>"
        f'<rect width="100%" height="100%" rx="8" fill="{GROUND}"/>'
        f'<svg x="{EDGE_PX}" y="{EDGE_PX}" width="{width - 2 * EDGE_PX}" height="{height}">'
        f'<g class="film">{strip}</g></svg></svg>\n'
    )


def shortened(events):
    """Cut waiting, and bring all of it to so many seconds."""
    found, now, before = [], 0.0, 0.0
    for at, text in events:
        longest = READ_S if text == "\r\n" and at - before >= READ_S * 0.99 else LONGEST_GAP_S
        now += min(at - before, longest)
        found.append((now, text))
        before = at
    scale = min(1.0, (SECONDS - READ_S) / now)
    return [(at * scale, text) for at, text in found]


def screens(events):
    """Return the screens with their times: rows of pieces of one colour each, left where nothing changes."""
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(screen)
    frames = []
    for at, text in events:
        stream.feed(text)
        seen = tuple(_pieces(screen.buffer[line]) for line in range(LINES))
        if frames and frames[-1][1] == seen:
            continue
        if frames and at - frames[-1][0] < FRAME_S:
            frames[-1] = (frames[-1][0], seen)
        else:
            frames.append((at, seen))
    return frames


def _pieces(line):
    pieces = []
    for column in range(COLUMNS):
        char = line[column]
        how = (char.fg, char.bold)
        if pieces and pieces[-1][1] == how:
            pieces[-1][2].append(char.data)
        else:
            pieces.append((column, how, [char.data]))
    said = ((column, how, "".join(chars).rstrip()) for column, how, chars in pieces)
    return tuple(it for it in said if it[2])


def _row(number, pieces):
    return f'<g id="r{number}">{"".join(_text(*it) for it in pieces)}</g>'


def _text(column, how, said):
    colour, bold = how
    fill = (
        ""
        if colour == "default"
        else f' fill="{COLOURS.get(colour) or (SOFT if colour.startswith("bright") else f"#{colour}")}"'
    )
    skipped = len(said) - len(said.lstrip())
    x = (column + skipped) * CELL_PX
    weight = ' font-weight="700"' if bold else ""
    style = f' style="{fill[1:].replace("=", ":").replace(chr(34), "")}"' if fill else ""
    return f'<text x="{x:.1f}" y="{FONT_PX}"{style}{weight}>{escape(said.lstrip())}</text>'


if __name__ == "__main__":
    main()
