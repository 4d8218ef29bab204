"""Studies that the documentation quotes; each prints or writes its tables and runs from a checkout."""
