"""Who gets what: settings in, services out. Nothing connects before it is used."""
