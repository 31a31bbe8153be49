"""Call records, pure: one canonical row per vendor attempt, read from every switch's own shape.

attempt    the row, its identity (what makes two records the same) and its content
faults     what keeps a record from being rated: bad order, over a day, from the future
intake     new, the same again, or the same call with other content (never silent)
read       which shape a file has, and its records; unreadable lines with their reason
canonical  our own CSV · freeswitch · kamailio · opensips · cgrates
figures    a record as quality counts (attempts, answered, effective, talk, PDD)
mixes      durations of a destination's calls as the weighted mix the core compares by
"""
