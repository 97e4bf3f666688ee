"""What all records share."""

import msgspec

SCHEMA_VERSION = 2


class Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all records; `frozen` and `kw_only` stand on each class again because type checkers ask for it."""
