adlcalc run scenarios/20-the-papers-running-example.yaml
