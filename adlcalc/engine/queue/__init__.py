"""Which units are due, and who is deleveraged first. Beside the quick index stands the plain rule, and tests
hold them to one another."""
