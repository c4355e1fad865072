"""The fleet, shown: one module for each form."""
