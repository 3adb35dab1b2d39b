"""One module for each command or group of commands; ``qhronos/cli/root.py`` lists them."""
