"""The account of an access key id, as LocalStack reads it: what two processes make of a key has to be the same."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

DEFAULT_ACCOUNT = "000000000000"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
OFFSET = 1 << 39
"""What the digits of account 0 stand for."""
ISSUED = ("LSIA", "LKIA")
"""How the keys begin that LocalStack gives to roles and users; AWS's own (ASIA, AKIA) stand for the default account."""


@lru_cache(maxsize=1000)
def account_of(key: str) -> str:
    """Twelve digits are an account themselves; a key that LocalStack issued has its account in it, in base32."""
    if len(key) == 12 and key.isascii() and key.isdigit():
        return key
    if len(key) < 20 or not key.startswith(ISSUED) or key[12] not in ALPHABET:
        return DEFAULT_ACCOUNT
    try:
        digits = int.from_bytes(base64.b32decode(key[4:12]), "big")
    except binascii.Error:
        return DEFAULT_ACCOUNT
    # an account takes a bit more than eight digits: the ninth's first bit
    account = 2 * (digits - OFFSET) + (ALPHABET.index(key[12]) >= len(ALPHABET) // 2)
    return f"{account:012d}" if 0 <= account < 10**12 else DEFAULT_ACCOUNT
