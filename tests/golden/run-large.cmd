# a large book begins with its totals
adlcalc run scenarios/large/thousands-at-once.yaml --limit 3
