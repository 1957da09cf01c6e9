"""Tables of researchers' own data: delimited files, headers, a map of the columns, answers, arms, a codebook."""
