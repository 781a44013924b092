"""One module per official raw format: the synthetic world, written as its publishers would."""
