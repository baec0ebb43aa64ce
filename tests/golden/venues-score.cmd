adlcalc venues --score htx
