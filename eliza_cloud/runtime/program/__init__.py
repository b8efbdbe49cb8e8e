"""What only a program that uses the package as a library needs (reference: library)."""
