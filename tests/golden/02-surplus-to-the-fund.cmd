adlcalc run scenarios/02-surplus-to-the-fund.yaml
