"""Everything kept in Redis. The only room that knows the client."""
