"""The author's tools: what the YAML files say, whether it can be right, and what is still missing.

The rest of the house reads the compiled rulebook; here the files are read as their authors wrote them, so that whatever
is wrong is told with its file and line.
"""
