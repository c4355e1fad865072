"""The rules as a handbook: what each recognises, how its causes are told apart, and what to do."""
