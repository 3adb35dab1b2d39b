"""The command ``qhronos``: for people, tables; for programs, JSON and exit codes."""
