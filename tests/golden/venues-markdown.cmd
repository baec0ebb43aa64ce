adlcalc venues kraken --format markdown
