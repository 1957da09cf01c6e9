"""Who may do what: visitors, limits, guarded requests, failures."""
