"""What tells users what happened: counters, the log, their lines, and why something was compiled."""
