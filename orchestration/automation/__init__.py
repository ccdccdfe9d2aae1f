"""What starts a run: the job, the schedule, the sensor; what keeps two of them apart; and who is told."""
