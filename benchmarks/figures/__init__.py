"""One figure a file. Each declares itself with ``@figure``; importing the file registers it."""
