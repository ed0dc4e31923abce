"""What is kept: records, the database under them, one shelf a noun, and the call log.

Open everything with `toolway.store.shelves.Store.open(url)`.
"""
