adlcalc run scenarios/21-who-pays.yaml
