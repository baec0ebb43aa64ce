"""Pure functions of numbers: margins, prices of forced trades, scores, policies, shares, haircuts, funding.
Each has its formula and its source in its docstring, and hands over how its number was worked out."""
