"""Says what evidence shows that a log has done wrong (SPEC 10.7).

    evidence.py FILE ORIGIN KEY [COSIGNER]

KEY is the log's and COSIGNER its cosigner's, `z6Mk…`, both as whoever asks knows them, and not as the file says. What
is shown is printed as JSON and the exit code is 0; or `{"error": {"code", "message"}}`, and 1.
"""

from __future__ import annotations

import argparse
import json
import sys

from cidery_spec import keys, names
from cidery_spec.errors import Refused
from cidery_spec.evidence import MAX_EVIDENCE, check_evidence


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", metavar="FILE")
    parser.add_argument("origin", metavar="ORIGIN")
    parser.add_argument("key", metavar="KEY")
    parser.add_argument("cosigner", metavar="COSIGNER", nargs="?", help="for evidence of kind `rollback`")
    given = parser.parse_args()
    try:
        cosigner = keys.key_from_text(given.cosigner) if given.cosigner is not None else None
        with open(given.file, "rb") as file:
            told = file.read(MAX_EVIDENCE + 1)
        shown = check_evidence(told, names.origin(given.origin), keys.key_from_text(given.key), cosigner)
    except Refused as refused:
        print(json.dumps({"error": {"code": refused.code, "message": refused.message}}))
        return 1
    except OSError as error:
        print(json.dumps({"error": {"code": "environment", "message": f"{given.file}: {error.strerror}"}}))
        return 1
    print(json.dumps({"origin": given.origin, "kind": shown.kind, "code": shown.code, "message": shown.message}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
