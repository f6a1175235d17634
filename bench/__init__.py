"""Load and size measurements of the real server on loopback, as ratios to a floor in the same run."""
