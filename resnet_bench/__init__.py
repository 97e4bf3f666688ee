"""What a residual network costs, how fast it runs here, and whether a commit changed that."""

__version__ = "0.1.0"
