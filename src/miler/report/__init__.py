"""Analysis → text, html, json, csv: pure functions, nothing is opened or printed here."""
