adlcalc venues deribit
