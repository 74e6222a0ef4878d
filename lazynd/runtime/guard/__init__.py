"""What guards the process: sections that are not divided, leaving Python, forking."""
