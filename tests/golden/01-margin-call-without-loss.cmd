adlcalc run scenarios/01-margin-call-without-loss.yaml
