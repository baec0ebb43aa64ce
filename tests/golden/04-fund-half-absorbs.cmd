adlcalc run scenarios/04-fund-half-absorbs.yaml
