"""The pages: each module has ``add_to``, which adds its paths to the console."""
