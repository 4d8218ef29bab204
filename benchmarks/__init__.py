"""Measurements of freqnet beside its peers; each prints a table and writes its raw rows."""
