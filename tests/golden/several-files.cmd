adlcalc run scenarios/01-margin-call-without-loss.yaml scenarios/no-such-file.yaml scenarios/05-fund-empty-adl.yaml
