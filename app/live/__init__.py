"""Live connections: clients and listeners that are connected, and what they are sent."""
