"""What every request passes: tokens, bodies, headers, limits, errors, paging."""
