adlcalc run scenarios/16-queue-too-short.yaml --format csv --steps
