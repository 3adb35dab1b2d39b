"""What a process counts and measures of itself: plain numbers, which others add up and show."""
