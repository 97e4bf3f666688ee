"""Parts of the guide that follow from the code: the axes of a suite, and the Python interface. A hook of mkdocs."""

import inspect
import re

import resnet_bench as rb
from resnet_bench.config.axes import AXES, flag_help, unset
from resnet_bench.config.options import OPTIONS
from resnet_bench.machine.devices import HOST
from resnet_bench.records import Protocol

_PLACE = re.compile(r"<!-- generated: (\w+) -->")


def on_page_markdown(markdown, **_):
    """Put each generated part where a page asks for it."""
    return _PLACE.sub(lambda found: PARTS[found[1]](), markdown)


def axes():
    """The axes as a table."""
    head = ["| key of a suite | flag of `run` | values | default |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_axis, AXES)])


def _axis(axis):
    default = axis.default_words or ", ".join(map(str, unset(axis, HOST))) or "none"
    return f"| `{axis.plural}` | `{axis.flag}` | {_cell(flag_help(axis, several=axis.swept))} | {default} |"


def options():
    """The flags of `run` that describe the measuring, with their variables."""
    head = ["| flag | variable | what it says |", "|---|---|---|"]
    return "\n".join([*head, *(f"| `{it.flag}` | `{it.variable}` | {_cell(it.help)} |" for it in OPTIONS)])


def protocol():
    """The keys of a suite's `[protocol]`."""
    return ", ".join(f"`{name}`" for name in Protocol.__struct_fields__)


def api():
    """Every name of `resnet_bench`, with its signature and docstring."""
    return "\n\n".join(_documented(name, getattr(rb, name)) for name in sorted(rb.__all__) if not name.startswith("__"))


def _documented(name, of):
    if not inspect.isclass(of):
        return f"## `{name}`\n\n{_signature(name, of)}\n\n{_prose(of)}"
    members = [
        (it, inspect.getattr_static(of, it))
        for it in vars(of)
        if not it.startswith("_") and inspect.getdoc(getattr(of, it))
    ]
    parts = [f"### `{name}.{it}`\n\n{_member(it, member)}" for it, member in members if _is_own(member)]
    return "\n\n".join([f"## `{name}`\n\n{_prose(of)}", *parts])


def _is_own(member):
    return inspect.isfunction(member) or isinstance(member, property) or hasattr(member, "func")


def _member(name, member):
    return f"{_signature(name, member)}\n\n{_prose(member)}" if inspect.isfunction(member) else _prose(member)


def _signature(name, function):
    return f"```python\n{name}{inspect.signature(function)}\n```"


def _prose(of):
    """A docstring as Markdown: what stands under `Args:` and the like becomes a list."""
    lines = []
    for line in (inspect.getdoc(of) or "").splitlines():
        heading = re.fullmatch(r"(Args|Raises|Returns|Attributes):", line)
        item = re.fullmatch(r"    ([\w, ]+): (.*)", line)
        if heading:
            lines += [f"**{heading[1]}**", ""]
        elif item:
            lines.append(f"- `{item[1]}`: {_cell(item[2])}")
        else:
            lines.append(f"  {_cell(line.strip())}" if line.startswith("        ") else line)
    return "\n".join(lines)


def _cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


PARTS = {"axes": axes, "options": options, "protocol": protocol, "api": api}
