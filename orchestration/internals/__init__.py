"""Everything that depends on the inner parts of a library, one file each; tests/internals has a canary for each file.

Each docstring says what the file depends on, what breaks when that changes, and which version it was tried with.
"""
