"""Rulebooks: one YAML file per venue, and the loader that checks them.

    generic.yaml, bitmex.yaml, ...   the rulebooks: every rule with its value, source and status
    schema.py                        which rules there are and what values they take (one field per rule)
    maintenance.py                   the ways to write a maintenance margin, and what the engine makes of them
    named_tables.py                  maintenance tables by symbol, in the files of tables/
    rulebook.py                      reading, `extends`, overrides -> Rulebook

A new rule is one field in schema.py and one line in Rulebook.engine_rules; a new venue is one file.
"""
