adlcalc run scenarios/11-inverse-contract.yaml
