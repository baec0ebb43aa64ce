"""Many runs: compared, asked, varied, searched. What is asked is questions.py, what answers is runs.py."""
