"""A file held to what it expects, a result to its golden, an answer to its manifest; for the command line,
for pytest and for Python alike."""
