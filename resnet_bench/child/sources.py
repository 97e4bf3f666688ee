"""Which files of a revision a process read: what it imported, and what else it opened. Equal files are equal code."""

import hashlib
import os
import sys
import sysconfig
from pathlib import Path

# Below the revision's folder, and not of it: what is installed there, and what Python and git keep beside the code.
_INSTALLED = "installed packages"
_NOT_ITS_OWN = frozenset({"site-packages", "dist-packages", "__pycache__", ".git"})


class Sources:
    """Hears from now on of every file that Python opens; there is no way to stop that, so there is one a process."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._opened: set[str | bytes] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes):
            self._opened.add(arguments[0])

    def digests(self) -> dict[str, str]:
        """Return the SHA-256 of each file below the root that was read, by its place there.

        With it comes that of the names and versions of installed packages: a side may have an environment of its own.
        Empty where nothing was read, or a file can be read no more.
        """
        imported = [getattr(module, "__dict__", {}).get("__file__") for module in [*sys.modules.values()]]
        names = {os.fsdecode(it) for it in (*imported, *self._opened) if isinstance(it, str | bytes)}
        places = {(self._root / name).resolve() for name in names if "\0" not in name}
        own = sorted(it for it in places if it.is_relative_to(self._root) and _NOT_ITS_OWN.isdisjoint(it.parts))
        try:
            found = {str(it.relative_to(self._root)): _sha256(it) for it in own if it.is_file()}
        except OSError:
            return {}
        installed = sorted(it.name for it in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))
        return {**found, _INSTALLED: hashlib.sha256("\n".join(installed).encode()).hexdigest()} if found else {}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
