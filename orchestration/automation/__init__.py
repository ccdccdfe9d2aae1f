"""What starts a run: the job, the schedule, the sensor; and what keeps two of them apart."""
