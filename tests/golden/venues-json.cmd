adlcalc venues auction --format json
