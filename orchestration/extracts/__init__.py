"""What comes in: the contract of the extracts, landing deliveries by it, and sample deliveries that fit it."""
