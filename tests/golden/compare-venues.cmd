adlcalc compare scenarios/21-who-pays.yaml --policies queue:pnl,haircut --venues generic,bitmex --format markdown
