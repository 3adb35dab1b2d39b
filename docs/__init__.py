"""The guide: Markdown pages, how they are built (``conf.py``), and what is generated."""
