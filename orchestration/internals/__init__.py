"""Everything that leans on the inner parts of a library, a file for each; tests/internals has a canary for each."""
