adlcalc run scenarios/18-march-2020.yaml
