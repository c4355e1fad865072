"""logdoctor reads the logs of failed distributed GPU runs, finds the one root cause, and prints the exact fix."""

__version__ = "0.1.0"
