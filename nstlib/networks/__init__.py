"""Networks that paint in one pass, one architecture a file, built from the parts in `blocks`."""
