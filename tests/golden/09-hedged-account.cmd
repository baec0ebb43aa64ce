adlcalc run scenarios/09-hedged-account.yaml
