adlcalc run scenarios/12-funding-drains-a-margin.yaml
