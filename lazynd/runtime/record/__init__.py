"""What records: cells, the tape, recorders, gradients."""
