"""What tells: counters, the log, the lines of the user, and the reasons for what was compiled."""
