"""What every job needs, whatever it is about: files, locks, records, code digests, checkpoints, devices, processes."""
