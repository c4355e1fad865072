"""A diagnosis, shown: one module for each form, each with a function ``render`` that returns the text to write."""
