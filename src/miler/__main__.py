"""`python -m miler`: where the command itself is not on the path."""

from miler.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
