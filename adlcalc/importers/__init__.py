"""Other people's files (ccxt, venues' own answers, candles, tables of accounts) -> a scenario file in which
every assumption is a comment."""
