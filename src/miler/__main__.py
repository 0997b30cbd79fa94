"""`miler` and `python -m miler`: the command line, and Ctrl-C before and after it."""

import signal
import sys


def main() -> int:
    """Run the command line; return the exit code."""
    try:
        from miler.cli import main as told

        code = told()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        code = 130
    if code == 130:
        # Python waits for what workers have begun; interrupted there, it would hang. Another Ctrl-C ends it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return code


if __name__ == "__main__":
    raise SystemExit(main())
