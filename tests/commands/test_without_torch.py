import subprocess
import sys

COMMANDS = ("compare", "check", "baseline", "ab", "calibrate")
LOADED = "print(sorted({'torch', 'pandas'} & set(__import__('sys').modules)))"


def modules_loaded_by(code):
    done = subprocess.run([sys.executable, "-c", f"{code}\n{LOADED}"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_verdict_commands_start_without_torch_and_pandas():
    imports = "\n".join(f"import resnet_bench.commands.{name}" for name in COMMANDS)
    assert modules_loaded_by(imports) == "[]"
    assert modules_loaded_by("import torch") == "['torch']"  # the test can fail
