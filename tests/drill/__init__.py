"""The drill: the host of the store is lost, and a backup of it brings everything back."""
