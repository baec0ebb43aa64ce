"""Who holds what: accounts, funds, claims, the order book of a step. Only ledger.py changes a balance.
Whether a fund pays, how much, and when it stops, fund.py decides."""
