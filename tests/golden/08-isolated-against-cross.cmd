adlcalc run scenarios/08-isolated-against-cross.yaml
