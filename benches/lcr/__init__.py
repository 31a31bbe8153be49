"""`make bench-lcr`: the core over 20 M rates of 200 vendors, and its peers over the same market at the size they can hold."""
