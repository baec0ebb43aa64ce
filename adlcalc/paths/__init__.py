"""Random price paths and books that are the same digits on every machine, Python and number of processes.

    draws.py     seeded uniforms, whole numbers and normals: SHA-256 and Decimal, no float and no library's
                 generator
    models.py    the models: returns of a price file drawn again in blocks, a geometric walk with jumps, ramps
    populations.py   accounts that are made up: weights, tables of quantiles, a book that balances

A path is known by its model, its seed and its number: it needs no other path to be made.
"""
