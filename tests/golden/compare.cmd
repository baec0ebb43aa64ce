adlcalc compare scenarios/21-who-pays.yaml --accounts --axioms
