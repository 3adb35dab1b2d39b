"""Makes what the guide takes from the code, and pages that need no inline style or script."""
