"""Rulebooks: one YAML file per venue, and the loader that checks them.

    generic.yaml, bitmex.yaml, ...   the rulebooks: every rule with its value, source and status
    conventions.yaml                 what is assumed where a venue's documents are silent, once for all
    files.py                         where their files are
    stated.py                        what a file states of each rule
    parts.py                         from flat rules to the engine's types; which rules play a part there
    schema.py                        what a rulebook file may say, made from the engine's declarations
    maintenance.py                   the ways to write a maintenance margin, and what the engine makes of them
    named_tables.py                  maintenance tables by symbol, in the files of tables/
    expression.py                    scores that a file writes out
    combinations.py                  rules that each play a part and do not go together
    editions.py                      when a rulebook held, and which of a venue's fits a day
    layers.py                        a file with those that it extends
    rulebook.py                      layers and overrides -> Rulebook
    coverage.py, rule_list.py, validation.py
                                     what `adlcalc venues` tells of rulebooks and of rules

A new venue is one file here. A new rule is a field of the type in engine/rules.py that it plays a part in,
and the function that follows it; a new value of a rule is an entry of its dictionary. Schema, checks and
lists follow."""
