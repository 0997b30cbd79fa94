"""The encoders by one name: a `Recording` in, the bytes of a file out."""

from __future__ import annotations

from devtools.fit_file import FitFile
from devtools.fit_writer import fit_file, write_fit
from devtools.gpx_writer import write_gpx
from devtools.recording import LapMark, Recording, Span
from devtools.tcx_writer import write_tcx

__all__ = ["FitFile", "LapMark", "Recording", "Span", "fit_file", "write_fit", "write_gpx", "write_tcx"]
