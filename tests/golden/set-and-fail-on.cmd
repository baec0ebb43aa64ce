adlcalc run scenarios/05-fund-empty-adl.yaml --set fund=10 --fail-on adl --fail-on loss
