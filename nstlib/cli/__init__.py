"""The command line: one file a command, one for the options they share."""
