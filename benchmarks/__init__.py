"""What the consumer costs in time, calls and units, beside what it could be compared with."""
