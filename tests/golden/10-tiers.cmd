adlcalc run scenarios/10-tiers.yaml
