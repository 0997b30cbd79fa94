"""Many athletes' runs as tables in Parquet, written by many workers and resumable; docs/dataset.md."""
