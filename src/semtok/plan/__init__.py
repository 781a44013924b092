"""What is to be made, and from what: light, since the Snakefile imports it."""
