"""The portal of the electronic database of newly developed league members."""
