"""Run the reply service and `unc up` together; Ctrl-C ends both."""

import os
import subprocess
import sys
from pathlib import Path

PORT = os.environ.get("PORT", "8000")
# `unc up` listens there unless --port says otherwise.
ENDPOINT = os.environ.get("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
LOCAL = {
    "AWS_ENDPOINT_URL": ENDPOINT,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "000000000000",
    "AWS_SECRET_ACCESS_KEY": "local",
    "INTELLIGENCE_API_SECRET": "a secret of this laptop",
    "PORT": PORT,
}


def main() -> int:
    """Start the service, then `unc up` with it; return what `unc up` returned."""
    here, unc = Path(__file__).parent, Path(sys.executable).with_name("unc")
    service = subprocess.Popen(
        [sys.executable, str(here / "reply_service.py")], env=os.environ | LOCAL
    )
    up = [str(unc), "up", "--reply-url", f"http://127.0.0.1:{PORT}/reply/"]
    up += ["--port", ENDPOINT.rpartition(":")[2], *sys.argv[1:]]
    secret = {"INTELLIGENCE_API_SECRET": LOCAL["INTELLIGENCE_API_SECRET"]}
    plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    try:
        return subprocess.call(up, env=plain | secret)
    except KeyboardInterrupt:
        return 0
    finally:
        service.terminate()
        service.wait()


if __name__ == "__main__":
    sys.exit(main())
