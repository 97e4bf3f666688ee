"""Projects that pip installs without a network: a build backend of a few lines."""

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
_BACKEND = """
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "{name}-1.0-py3-none-any.whl"
    info = "{name}-1.0.dist-info"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("{name}.pth", str(pathlib.Path(__file__).parent / "{source}"))
        wheel.writestr(f"{{info}}/METADATA", "Metadata-Version: 2.1\\nName: {name}\\nVersion: 1.0\\n")
        fields = ("Wheel-Version: 1.0", "Generator: t", "Root-Is-Purelib: true", "Tag: py3-none-any", "")
        wheel.writestr(f"{{info}}/WHEEL", "\\n".join(fields))
        wheel.writestr(f"{{info}}/RECORD", "")
    return name
"""


def backend(name: str, *, source: str) -> str:
    """Return the build backend of a project whose packages lie in the folder `source`."""
    return _BACKEND.format(name=name, source=source)
