"""Fuzzing of the readers: what must hold of any bytes, and programs that look for bytes where it does not."""
