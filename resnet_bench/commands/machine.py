def machine() -> None:
    """Do it."""
