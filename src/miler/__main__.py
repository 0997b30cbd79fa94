"""`miler` and `python -m miler`: the command line, and Ctrl-C while that is still being imported."""

import sys


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        from miler.cli import main as told

        return told()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
