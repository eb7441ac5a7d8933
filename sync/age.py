"""The age file format (age-encryption.org/v1): the only importer of pyrage.

A replica's age key is the X25519 form of its Ed25519 key, the same that seals online messages, so nothing more has
to be exchanged at the enrolment and the `age` command opens a file with it. Files are armored: a missing last line
says for certain that a file was cut off.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

import pyrage
from nacl.signing import SigningKey, VerifyKey

from sync.errors import BundleRefused

_BEGIN = b"-----BEGIN AGE ENCRYPTED FILE-----"
_END = b"-----END AGE ENCRYPTED FILE-----"
# Of the other form, which the `age` command writes without -a.
_BINARY = b"age-encryption.org/"
# How the library ends what the operating system told it.
_OF_THE_SYSTEM = "(os error "
_CHARACTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_KEY_BITS, _SYMBOL_BITS, _CHECKSUM_SYMBOLS = 256, 5, 6


def identity_of(seed: bytes) -> str:
    """A replica's secret age key, `AGE-SECRET-KEY-1…`, from its Ed25519 seed."""
    return _bech32("age-secret-key-", bytes(SigningKey(seed).to_curve25519_private_key())).upper()


def recipient_of(verify_key: bytes) -> str:
    """A replica's public age key, `age1…`, from its Ed25519 public key."""
    return _bech32("age", bytes(VerifyKey(verify_key).to_curve25519_public_key()))


def new_key() -> tuple[str, str]:
    """(secret, public) of a key of its own, which belongs to no replica."""
    identity = pyrage.x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def encrypt_file(source: Path, target: Path, readers: Sequence[str]) -> None:
    """Write a binary age file that the holder of any of some public keys can open. Raises ValueError for what is no
    public key, OSError where the file cannot be written."""
    try:
        recipients = [pyrage.x25519.Recipient.from_str(reader) for reader in readers]
    except pyrage.RecipientError as error:
        raise ValueError("recipient") from error
    try:
        pyrage.encrypt_file(str(source), str(target), recipients)
    except pyrage.EncryptError as error:
        raise OSError(str(error)) from error


def decrypt_file(source: Path, target: Path, secret: str) -> None:
    """The reverse, with a secret key. Raises ValueError where it does not open the file, or is none; OSError where
    a file cannot be read or written."""
    try:
        pyrage.decrypt_file(str(source), str(target), [pyrage.x25519.Identity.from_str(secret.strip())])
    except pyrage.IdentityError as error:
        raise ValueError("key") from error
    except (pyrage.DecryptError, OSError) as error:
        # Neither type says whether the file is at fault or the disk: only what the system said bears a number.
        raise (OSError(str(error)) if _OF_THE_SYSTEM in str(error) else ValueError("key")) from error


def encrypted(verify_key: bytes, payload: bytes) -> bytes:
    """An armored age file that the holder of one key can open, and nobody else."""
    reader = pyrage.x25519.Recipient.from_str(recipient_of(verify_key))
    return bytes(pyrage.encrypt(payload, [reader], armored=True))


def binary_form(file: bytes) -> bytes:
    """An armored file in the other form, a quarter smaller: for carriers that lose nothing."""
    return base64.b64decode(b"".join(file.split(b"\n")[1:-2]))


def decrypted(seed: bytes, file: bytes) -> bytes:
    """The reverse, of either form. Raises BundleRefused: "bundle_not_one", "bundle_cut", "bundle_damaged",
    "bundle_not_for_us" (or its beginning is damaged: without the key nobody can tell)."""
    text = file if file.startswith(_BINARY) else file.strip()
    if _BINARY not in text[:64] and _BEGIN not in text[:64] and not text.endswith(_END):
        beginning = bool(text) and (_BEGIN.startswith(text) or _BINARY.startswith(text))
        raise BundleRefused("bundle_cut" if beginning else "bundle_not_one")
    last_line = text.rsplit(b"\n", 1)[-1]
    if text.startswith(_BEGIN) and last_line != _END:
        cut = text == _BEGIN or _END.startswith(last_line) or b"-" not in last_line
        raise BundleRefused("bundle_cut" if cut else "bundle_damaged")
    try:
        return bytes(pyrage.decrypt(text, [pyrage.x25519.Identity.from_str(identity_of(seed))]))
    except pyrage.DecryptError as error:
        foreign = "No matching keys" in str(error)
        raise BundleRefused("bundle_not_for_us" if foreign else "bundle_damaged") from error


def _bech32(prefix: str, key: bytes) -> str:
    """BIP 173, without its limit of 90 characters, as age uses it."""
    count = -(-_KEY_BITS // _SYMBOL_BITS)
    bits = int.from_bytes(key, "big") << (count * _SYMBOL_BITS - _KEY_BITS)
    symbols = [bits >> _SYMBOL_BITS * (count - 1 - i) & 31 for i in range(count)]
    spread = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    rest = _polymod(spread + symbols + [0] * _CHECKSUM_SYMBOLS) ^ 1
    symbols += [rest >> _SYMBOL_BITS * (_CHECKSUM_SYMBOLS - 1 - i) & 31 for i in range(_CHECKSUM_SYMBOLS)]
    return f"{prefix}1{''.join(_CHARACTERS[symbol] for symbol in symbols)}"


def _polymod(symbols: list[int]) -> int:
    rest = 1
    for symbol in symbols:
        top = rest >> 25
        rest = (rest & 0x1FFFFFF) << 5 ^ symbol
        for bit, generator in enumerate(_GENERATOR):
            rest ^= generator if top >> bit & 1 else 0
    return rest
