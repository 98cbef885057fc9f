"""What users write, parsed and checked once: programs and files, every mistake by path, frozen values behind it."""
