adlcalc run scenarios/15-cascade.yaml
