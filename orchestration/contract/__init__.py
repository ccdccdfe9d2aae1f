"""What the two systems deliver, and what a day is: systems, extracts, columns, codes, dates and partitions."""
