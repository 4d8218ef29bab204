"""Plans: a network as a list of native calls over arrays that stay in place."""
