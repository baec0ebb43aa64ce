"""Events told as a story. Nothing is worked out here: each number comes with how it was made."""
