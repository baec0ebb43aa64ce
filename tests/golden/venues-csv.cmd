adlcalc venues bitfinex --format csv
