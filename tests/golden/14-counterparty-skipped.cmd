adlcalc run scenarios/14-counterparty-skipped.yaml
