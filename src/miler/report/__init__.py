"""Analysis → text, html, json, csv: pure functions, nothing is opened or printed here."""

SCHEMA = "miler.analysis/1"  # of the JSON documents: `schema.json`
