"""miler: the fastest mile in what a GPS watch recorded."""

__version__ = "0.1.0"
