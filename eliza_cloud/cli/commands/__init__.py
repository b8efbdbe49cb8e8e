"""One file per command, one folder per group of commands; the number of files is the number of commands."""
