"""One module per official raw format."""
