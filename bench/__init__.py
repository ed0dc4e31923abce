"""Side by side with what people would use instead: `make bench`."""
