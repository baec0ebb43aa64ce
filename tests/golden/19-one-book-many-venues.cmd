adlcalc run scenarios/19-one-book-many-venues.yaml
