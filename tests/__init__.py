"""What runners rely on: one file a module."""
