"""Planning: the timetable of an event, its next occurrence and the successors of a series."""
