"""The sync engine under peerbench's school term, phases (a) to (f), beside what peerbench measures."""
