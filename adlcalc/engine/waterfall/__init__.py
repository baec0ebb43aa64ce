"""What becomes of a due unit: the stages that the rules name, in their order (stages.py), a file for each."""
