"""One verb a file. A verb may flush; whoever called it commits once."""
