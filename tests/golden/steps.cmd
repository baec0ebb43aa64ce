adlcalc run scenarios/17-held-by-the-venue.yaml --steps
