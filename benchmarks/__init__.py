"""Claims and bars, each measured by a script."""
