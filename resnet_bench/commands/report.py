def report() -> None:
    """Do it."""
