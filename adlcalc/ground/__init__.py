"""What everybody stands on: it knows nothing of trading, of files or of the command line."""
