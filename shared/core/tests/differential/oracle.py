"""Reads documents in base64, one a line, and after an empty line answers them all, one a line:
`=` and base64 of the form, `?` where only Python calls this JSON (NaN, Infinity), or `!` and
why there is no form."""

import base64
import json
import sys


class Lax(Exception):
    pass


def lax(constant):
    raise Lax(constant)


def answer(line):
    try:
        # Strict UTF-8: json.loads would guess among encodings and let surrogates pass.
        text = b"" if line == "=" else base64.b64decode(line)
        value = json.loads(text.decode("utf-8"), parse_constant=lax)
        form = json.dumps(value, separators=(",", ":"))
        return "=" + base64.b64encode(form.encode("utf-8")).decode()
    except Lax:
        return "?"
    except (ValueError, RecursionError) as error:
        return "!" + " ".join(str(error).split())


batch = []
for line in sys.stdin:
    line = line.rstrip("\n")
    # An empty document travels as `=`.
    if line:
        batch.append(line)
        continue
    sys.stdout.write("".join(answer(line) + "\n" for line in batch))
    sys.stdout.flush()
    batch = []
