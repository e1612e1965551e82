"""What `/openapi.json` says is what the API does: Schemathesis against a demo's business. Prints its seed."""

import http.client
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parents[2]
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance",
    "response_headers_conformance",
]
# What takes the caller's own rights or places away, or waits for long.
LEFT_OUT = r"^/(login|logout|api/(tokens|users|roles|me|backups)(/.*)?|api/rate-limits|api/set-password|api/events)$"


def serve(data):
    binary = os.environ.get("KONTOR_BINARY", str(HOME / ".build/release/kontor"))
    process = subprocess.Popen(
        [binary, "demo", "--data", str(data), "--port", "0", "--home", str(HOME)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said, deadline = b"", time.monotonic() + 60
    while b"listening on" not in said:
        ready, _, _ = select.select([process.stdout], [], [], 0.5)
        chunk = os.read(process.stdout.fileno(), 65536) if ready else b""
        said += chunk
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the demo did not come up: {said.decode(errors='replace')}")
    return process


def main():
    seed = os.environ.get("KONTOR_SEED", "1")
    examples = "60" if os.environ.get("KONTOR_LONG") else "12"
    print(f"API description: KONTOR_SEED={seed}, {examples} requests an operation")
    with tempfile.TemporaryDirectory(prefix="kontor-description-") as folder:
        data = pathlib.Path(folder) / "data"
        process = serve(data)
        try:
            facts = json.loads((data / "demo.json").read_text())
            tenant = facts["tenants"][0]
            token = next(user["token"] for user in tenant["users"] if user["username"] == "admin")
            base = facts["base_url"]
            connection = http.client.HTTPConnection(base.removeprefix("http://"))
            headers = {"Host": tenant["domain"], "Authorization": f"Bearer {token}"}
            connection.request("GET", "/openapi.json", headers=headers)
            answer = connection.getresponse()
            document = json.loads(answer.read())
            assert answer.status == 200, document
            # Or the rate limit would answer before anybody has looked.
            limit = {"requests": 1_000_000, "seconds": 1}
            connection.request(
                "PUT", "/api/rate-limits", headers=headers | {"Content-Type": "application/json"},
                body=json.dumps({name: limit for name in ("standard", "analytics", "trigger")}))
            widened = connection.getresponse()
            assert widened.status == 200, widened.read()
            (pathlib.Path(folder) / "openapi.json").write_text(json.dumps(document))
            taken = [path for path in document["paths"] if not re.match(LEFT_OUT, path)]
            print(f"{len(taken)} of {len(document['paths'])} paths")
            result = subprocess.run(
                [
                    pathlib.Path(sys.executable).with_name("st"), "run", f"{folder}/openapi.json", "--url", base,
                    "-H", f"Host: {tenant['domain']}", "-H", f"Authorization: Bearer {token}", "--seed", seed,
                    "--max-examples", examples, "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS),
                    "--exclude-path-regex", LEFT_OUT, "--request-timeout", "30", "--no-color",
                ], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            alive = process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(20)
    # Generated values may be long; a line is read by people.
    lines = [line[:400] for line in result.stdout.splitlines()]
    print("\n".join(lines[-40:] if result.returncode == 0 else lines))
    if result.returncode != 0 or not alive or status != 0:
        sys.exit(f"the description is not true: {result.returncode}, the server ended with {status}\n{result.stderr[-2000:]}")


if __name__ == "__main__":
    main()
