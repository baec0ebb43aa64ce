adlcalc run scenarios/06-deep-book.yaml
