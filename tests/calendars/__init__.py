"""Other people's calendar files, read by us and by recurring-ical-events: ``make calendars``."""
