def run() -> None:
    """Do it."""
