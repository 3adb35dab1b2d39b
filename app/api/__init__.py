"""HTTP in: blueprints, schemas, tokens, errors, paging. The only room that knows Flask."""
