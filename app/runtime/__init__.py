"""What keeps processes alive: the embedded store, made secrets, supervision."""
