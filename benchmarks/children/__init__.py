"""Scripts that measure a process of their own and print JSON on their last line."""
