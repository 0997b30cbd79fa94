"""What the tests, the benchmarks and the sample files are made with; the program never imports it."""
