"""What guards the process: undivided sections, leaving Python, forking."""
