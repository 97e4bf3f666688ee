"""The command: what interrupts it while it is being loaded ends in one line too."""

import sys


def main() -> None:
    """Load the command line, and run it."""
    try:
        from resnet_bench.cli import main as run  # noqa: PLC0415 - half of a second, in which Ctrl-C can come
    except KeyboardInterrupt:
        print("error: interrupted.", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
