"""Bytes to Activity: FIT, GPX, TCX."""
