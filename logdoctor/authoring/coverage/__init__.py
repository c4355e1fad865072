"""Which messages of a program's source no rule recognises."""
