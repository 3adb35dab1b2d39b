"""When an event fires: from a definition to its timetable, its next occurrence, its successors."""
