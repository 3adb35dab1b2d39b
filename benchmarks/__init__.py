"""Speed, scale and lateness: each command prints absolute figures and a ratio. See README.md."""
