"""The definition of the config. Its values reach a job as `params`, so this package is left out of code digests."""
