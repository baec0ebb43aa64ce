adlcalc venues --score bitmex
