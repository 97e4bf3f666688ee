"""What a residual network costs, how fast it runs here, and whether a commit changed that."""

from pathlib import Path

__version__ = "0.1.0"

# What a child process needs on its path to find the package that its parent runs, installed or not.
HOME = Path(__file__).resolve().parents[1]
