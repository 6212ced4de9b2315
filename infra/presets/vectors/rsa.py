"""RSA signatures (PKCS#1 v1.5, SHA-256) by Python's integers, so that no private key has to be kept in the repository.

The key is made from a fixed seed: it is the same each time, and no secret. `openssl` checks each signature.
"""

import hashlib
import pathlib
import random
import subprocess
import tempfile
from base64 import encodebytes

# DigestInfo of SHA-256 (RFC 8017, 9.2, note 1).
SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class Key:
    def __init__(self, seed, bits=2048):
        numbers = random.Random(seed)
        p, q = (prime(bits // 2, numbers) for _ in range(2))
        self.n, self.e, self.bytes = p * q, 65537, bits // 8
        self.d = pow(self.e, -1, (p - 1) * (q - 1))

    def sign(self, content):
        digest = SHA256 + hashlib.sha256(content).digest()
        padded = b"\0\1" + b"\xff" * (self.bytes - len(digest) - 3) + b"\0" + digest
        signature = pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(self.bytes, "big")
        self.check(content, signature)
        return signature

    def check(self, content, signature):
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, name) for name in ("key.pem", "signature", "content")]
            for path, data in zip(paths, (self.public_pem().encode(), signature, content)):
                path.write_bytes(data)
            key, signed, text = map(str, paths)
            subprocess.run(["openssl", "dgst", "-sha256", "-verify", key, "-signature", signed, text], check=True, stdout=subprocess.DEVNULL)

    def public_pem(self):
        numbers = der(0x30, integer(self.n) + integer(self.e))
        algorithm = bytes.fromhex("300d06092a864886f70d0101010500")
        return pem("PUBLIC KEY", der(0x30, algorithm + der(0x03, b"\0" + numbers)))


def opened(public_pem, signature):
    """The SHA-256 that a signature signs; an error if it is not padded as PKCS#1 v1.5 does."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder, name) for name in ("key.pem", "signature")]
        for path, data in zip(paths, (public_pem.encode(), signature)):
            path.write_bytes(data)
        key, signed = map(str, paths)
        command = ["openssl", "pkeyutl", "-verifyrecover", "-pubin", "-inkey", key, "-in", signed]
        digest = subprocess.run(command, check=True, capture_output=True).stdout
    assert digest.startswith(SHA256) and len(digest) == len(SHA256) + 32, digest.hex()
    return digest[len(SHA256) :].hex()


def prime(bits, numbers):
    while True:
        # The two highest bits, so that the product of two primes has twice as many bits.
        candidate = numbers.getrandbits(bits) | 3 << (bits - 2) | 1
        if candidate % 65537 != 1 and all(candidate % small for small in (3, 5, 7, 11, 13)) and is_prime(candidate, numbers):
            return candidate


def is_prime(n, numbers):
    """Miller-Rabin."""
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(40):
        x = pow(numbers.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def integer(number):
    return der(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def der(tag, content):
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content


def pem(label, data):
    text = encodebytes(data).decode().replace("\n", "")
    lines = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"
