adlcalc run scenarios/05-fund-empty-adl.yaml
