"""Which columns each column is made of, and which columns it feeds."""
