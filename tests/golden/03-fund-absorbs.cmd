adlcalc run scenarios/03-fund-absorbs.yaml
