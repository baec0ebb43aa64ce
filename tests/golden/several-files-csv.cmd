adlcalc run scenarios/01-margin-call-without-loss.yaml scenarios/03-fund-absorbs.yaml -f csv
