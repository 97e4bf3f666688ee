def list_models() -> None:
    """List."""


def show(model: str, *, image_size: int = 224) -> None:
    """Show."""
    print(model, image_size)
