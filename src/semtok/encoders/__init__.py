"""Items to vectors, one file a modality."""
