adlcalc run scenarios/07-thin-book.yaml
