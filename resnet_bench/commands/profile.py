def profile() -> None:
    """Do it."""
